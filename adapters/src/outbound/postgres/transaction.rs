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

/// A server from 14 on then notices soon that the pooler has closed our connection to it, which it does when we close
/// ours to the pooler.
const CHECK_POOLER: &str = "SELECT pg_catalog.set_config('client_connection_check_interval', '250ms', true) \
     WHERE pg_catalog.current_setting('server_version_num')::int >= 140000;";

impl PostgresSession {
    /// Everything that a session without a pooler has from its start is set for this transaction alone.
    pub(super) async fn begin_behind_pooler(
        &mut self,
        purpose: Purpose,
        time: Duration,
    ) -> Result<(), Error> {
        self.leave_server();
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
        sql.push_str(&self.identity.sql);
        sql.push_str(CHECK_POOLER);
        sql.push_str(CANARY);
        sql.push_str("SELECT pg_catalog.pg_backend_pid()");
        let rows = run(&mut self.connection, sql).await?;
        self.pid = rows.last().and_then(|row| text_of(row, 0)?.parse().ok());
        Ok(())
    }

    /// Outside of a transaction a pooler may let others have the server process that we knew: whatever it runs is not
    /// ours to cancel.
    pub(super) fn leave_server(&mut self) {
        if self.config().pooler {
            self.pid = None;
        }
    }

    /// Makes the transaction of a write last.
    pub(super) async fn commit(&mut self, execution: Execution) -> Execution {
        // The savepoint is our canary: it is gone if the statement has ended the transaction.
        let mut sql = "RELEASE SAVEPOINT portolan;".to_owned();
        if self.config().pooler {
            if let Err(error) = self.forget_statements().await {
                return Execution::failed(error, false, Ended::Broken);
            }
            match self.foreign_deallocations("").await {
                Ok(deallocations) => sql.push_str(&deallocations),
                Err(error) => return Execution::failed(error, false, Ended::Broken),
            }
            sql.push_str(FORGET);
            self.leave_server();
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

    /// What deallocates the statements that were prepared by SQL, which no roll-back undoes; `first` is run before
    /// they are asked for.
    pub(super) async fn foreign_deallocations(&mut self, first: &str) -> Result<String, Error> {
        let ask = format!(
            "{first}SELECT pg_catalog.format('DEALLOCATE %I;', name) \
             FROM pg_catalog.pg_prepared_statements WHERE from_sql"
        );
        let rows = run(&mut self.connection, ask).await?;
        Ok(rows.iter().filter_map(|row| text_of(row, 0)).collect())
    }

    /// Rolls back a statement that failed.
    pub(super) async fn undo(&mut self) -> Ended {
        self.leave_server();
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
