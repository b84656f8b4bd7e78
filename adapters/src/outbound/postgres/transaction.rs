//! How the transaction around a statement begins behind a pooler, and how any ends.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use domain::{Failure, FailureKind};
use sqlx::Error;

use super::{
    connect::milliseconds,
    failure,
    message::{CANARY, begin},
    outcome::{Ended, Execution, Purpose},
    parameters::quoted,
    session::{FORGET, PostgresSession, run},
    text_of,
};

impl PostgresSession {
    /// Everything that a session without a pooler has from its start is set for this transaction alone.
    pub(super) async fn begin_behind_pooler(
        &mut self,
        purpose: Purpose,
        time: Duration,
    ) -> Result<(), Error> {
        let config = Arc::clone(self.config());
        let mut sql = begin(purpose).to_owned();
        let mut set = |name: &str, value: &str| {
            let _ = write!(sql, "SET LOCAL {name} = {value};");
        };
        set("statement_timeout", &milliseconds(time));
        set("standard_conforming_strings", "on");
        set("bytea_output", "hex");
        set("extra_float_digits", "1");
        set("TimeZone", &quoted(&config.time_zone));
        if let Some(schema) = &config.schema {
            // A list of names, as in the start-up option; as one string it would be one name.
            let path = format!(
                "SELECT pg_catalog.set_config('search_path', {}, true);",
                quoted(schema)
            );
            sql.push_str(&path);
        }
        sql.push_str(CANARY);
        sql.push_str("SELECT pg_catalog.pg_backend_pid()");
        let rows = run(&mut self.connection, sql).await?;
        if let Some(pid) = rows.last().and_then(|row| text_of(row, 0)?.parse().ok()) {
            self.pid = pid;
        }
        Ok(())
    }

    /// Makes the transaction of a write last.
    pub(super) async fn commit(&mut self, execution: Execution) -> Execution {
        // The savepoint is our canary: it is gone if the statement has ended the transaction.
        let mut sql = "RELEASE SAVEPOINT portolan;".to_owned();
        if self.config().pooler {
            if let Err(error) = self.forget_statements().await {
                return Execution::failed(error, false, Ended::Broken);
            }
            sql.push_str(FORGET);
        }
        sql.push_str("COMMIT");
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
