//! How the transaction around a statement ends.

use domain::{Failure, FailureKind};

use super::{
    execution::{Ended, Execution},
    failure,
    session::{PostgresSession, run},
};

impl PostgresSession {
    /// Makes the transaction of a write last.
    pub(super) async fn commit(&mut self, execution: Execution) -> Execution {
        // The savepoint is our canary: it is gone if the statement has ended the transaction.
        let sql = "RELEASE SAVEPOINT portolan;COMMIT".to_owned();
        if self.config().pooler
            && let Err(error) = self.forget_statements().await
        {
            return Execution::failed(error, false, Ended::Broken);
        }
        let Err(error) = run(&mut self.connection, sql).await else {
            return Execution {
                ended: Ended::Idle,
                ..execution
            };
        };
        let code = failure::reported(&error).map(|reported| reported.code().to_owned());
        match code.as_deref() {
            Some("25P01" | "3B001") => Execution::refused(
                Failure::new(
                    FailureKind::NotAllowed,
                    "The statement ended its transaction; what it did before may have been kept.",
                )
                .with_hint("Send statements without COMMIT, ROLLBACK or procedures that commit."),
                Ended::Broken,
            ),
            // A deferred constraint: the server has rolled back.
            Some(code) if !code.starts_with("57P") && !code.starts_with("08") => {
                Execution::failed(error, false, Ended::Idle)
            }
            _ => Execution::refused(unknown_outcome().with_source(error), Ended::Broken),
        }
    }

    /// Rolls back a statement that failed.
    pub(super) async fn undo(&mut self) -> Ended {
        match run(&mut self.connection, "ROLLBACK".to_owned()).await {
            Ok(_) => Ended::Idle,
            Err(_) => Ended::Broken,
        }
    }

    /// Reads what is left of an unfinished answer.
    pub(super) async fn drain(&mut self) {
        // The driver drains before it sends. Whether it went well shows when the session is reset.
        let _ = run(&mut self.connection, String::new()).await;
    }
}

/// Nobody answered to COMMIT.
pub(super) fn unknown_outcome() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "There was no answer to COMMIT; whether the change was kept is unknown.",
    )
    .with_hint("Look whether the change is there before sending it again.")
}
