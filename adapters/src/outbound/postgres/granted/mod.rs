//! Whether a statement touches only what somebody may see.
//!
//! The server itself tells: while it parses and rewrites a statement it locks every relation that it finds, through
//! views and policies too, and keeps the locks up to the end of the transaction. What locks do not tell is judged from the text: functions,
//! which could read anything, and names that stand for types. A statement that touches a hidden relation, or that the
//! server does not parse, is parsed once more with names in it that nothing has, in the place of hidden ones: what comes
//! of that is what would come of it if they were not there.

mod admitting;
mod aliases;
mod text;

use std::collections::HashSet;

use domain::{Failure, FailureKind, access::Tables, query::Statement};
use sqlx::{Error, postgres::PgRow};

use self::{
    admitting::{Facts, INSTEAD, TELLING, not_allowed},
    text::Text,
};
use super::{
    super::{pool, stand_ins::StandIns},
    failure,
    identity::Identity,
    message::BEGIN_READ,
    outcome::{Ended, Execution, Purpose, position, second_statement},
    parameters::quoted,
    session::{PostgresSession, run},
    text_of,
};

const FACTS: &str = include_str!("../queries/granted/facts.sql");
const TOUCHED: &str = include_str!("../queries/granted/touched.sql");
/// Functions of extensions that handle values alone.
const KNOWN: &str = include_str!("../queries/granted/known.sql");
/// By itself this locks nothing.
const LOCKED: &str = "SELECT pg_catalog.set_config('portolan.touched', pg_catalog.concat(pg_catalog.string_agg(\
     DISTINCT relation::pg_catalog.text, ',')), true) FROM pg_catalog.pg_lock_status() \
     WHERE locktype = 'relation' AND pid = pg_catalog.pg_backend_pid()";

/// Refuses a statement of a caller who may see some tables only, unless it touches no others.
pub(super) async fn judge(
    session: &mut PostgresSession,
    statement: &Statement,
    tables: &Tables,
) -> Result<(), Execution> {
    let text = Text::of(&statement.sql);
    admitting::admit_kind(&text).map_err(refused)?;
    if admitting::shows_a_setting(&text) {
        return Ok(());
    }
    session.identity = Identity::of(statement.acts_as.as_deref());
    if session.config().pooler {
        let time = session.config().statement_timeout;
        session
            .begin_behind_pooler(Purpose::Read, time)
            .await
            .map_err(|error| Execution::failed(error, true, Ended::Broken))?;
    }
    let judged = Judging {
        session,
        text: &text,
        tables,
    }
    .judged()
    .await;
    if session.config().pooler && session.roll_back().await.is_err() {
        return Err(Execution::refused(untold(), Ended::Broken));
    }
    judged.map_err(|trouble| match trouble {
        Trouble::Refused(failure) => refused(failure),
        Trouble::Lost(error) => Execution::failed(error, true, Ended::Broken),
    })
}

fn refused(failure: Failure) -> Execution {
    Execution::refused(failure, Ended::Idle)
}

enum Trouble {
    Refused(Failure),
    /// The session is of no further use.
    Lost(Error),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

/// A failure of a question of ours.
impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        if !matches!(error, Error::Database(_)) || failure::is_lost(&error) {
            return Self::Lost(error);
        }
        let failure = failure::of_statement(error, None, None);
        Self::Refused(match failure.kind {
            FailureKind::Timeout | FailureKind::Cancelled | FailureKind::Busy => failure,
            _ => untold().with_source(failure),
        })
    }
}

struct Judging<'a> {
    session: &'a mut PostgresSession,
    text: &'a Text<'a>,
    tables: &'a Tables,
}

/// What a statement touches and its caller may not see, by name.
#[derive(Default)]
struct Touched {
    hidden: Vec<String>,
    /// Of the server's own schemas.
    of_system: Vec<String>,
    /// What views call and could read anything.
    functions: Vec<String>,
}

impl Judging<'_> {
    async fn judged(mut self) -> Result<(), Trouble> {
        let facts = self.facts().await?;
        admitting::admit_names(self.text, self.tables)?;
        admitting::admit_calls(self.text, &facts, self.tables)?;
        self.back().await?;
        if let Err(error) = self.session.prepare(self.text.sql).await {
            return Err(self.as_if_missing(&facts, Some(error)).await);
        }
        self.back().await?;
        let touched = self.touched().await?;
        let is_named = |name: &&String| self.text.names().any(|(_, other)| other == **name);
        if touched.hidden.iter().any(|name| is_named(&name)) {
            return Err(self.as_if_missing(&facts, None).await);
        }
        if !touched.hidden.is_empty() {
            return Err(through_something().into());
        }
        let named = touched.of_system.iter().find(is_named);
        if let Some(name) = named.or(touched.of_system.first()) {
            let message = format!("{name} tells of tables that your role may not see.");
            return Err(not_allowed(message, INSTEAD).into());
        }
        if let Some(name) = touched.functions.first() {
            return Err(
                admitting::unknown_function(name, "A view in this statement calls it.").into(),
            );
        }
        if admitting::may_name_a_hidden_type(self.text, &facts, self.tables) {
            return self.without_hidden_types(&facts).await;
        }
        Ok(())
    }

    async fn facts(&mut self) -> Result<Facts, Error> {
        let names: HashSet<String> = self.text.names().map(|(_, name)| quoted(&name)).collect();
        if names.is_empty() {
            return Ok(Facts::default());
        }
        let names: Vec<String> = names.into_iter().collect();
        // Which names mean what may depend on as whom the statement runs.
        let ask = FACTS.replace("{names}", &names.join(","));
        let rows = self.ask(&ask).await?;
        Ok(Facts::of(rows.iter().filter_map(|row| {
            Some([
                text_of(row, 0)?,
                text_of(row, 1)?,
                text_of(row, 2).unwrap_or_default(),
                text_of(row, 3).unwrap_or_default(),
                text_of(row, 4).unwrap_or_default(),
            ])
        })))
    }

    /// Asks in a transaction, as whoever the statement runs as.
    async fn ask(&mut self, sql: &str) -> Result<Vec<PgRow>, Error> {
        if self.session.config().pooler {
            return run(&mut self.session.connection, sql.to_owned()).await;
        }
        let sql = format!("{BEGIN_READ}{}{sql};ROLLBACK", self.session.identity.sql);
        let answer = run(&mut self.session.connection, sql).await;
        if answer.is_err() && self.session.undo().await != Ended::Idle {
            return Err(Error::WorkerCrashed);
        }
        answer
    }

    /// Behind a pooler all questions are asked in one transaction, which forgets here what they have locked, or that one
    /// failed.
    async fn back(&mut self) -> Result<(), Error> {
        if self.session.config().pooler {
            let sql = "ROLLBACK TO SAVEPOINT portolan".to_owned();
            run(&mut self.session.connection, sql).await?;
        }
        Ok(())
    }

    /// The server has accepted the text as one statement, so it is one here too.
    async fn touched(&mut self) -> Result<Touched, Error> {
        let telling: Vec<String> = TELLING.iter().map(|name| quoted(name)).collect();
        let resolved = TOUCHED
            .replace("{known}", KNOWN)
            .replace("{telling}", &telling.join(","));
        let asked = format!(
            "PREPARE portolan_judged AS {}\n;{LOCKED};DEALLOCATE portolan_judged;{resolved}",
            self.text.explained()
        );
        let rows = self.ask(&asked).await?;
        let mut touched = Touched::default();
        for row in &rows {
            let schema = text_of(row, 1).unwrap_or_default();
            let name = || text_of(row, 2).unwrap_or_default().to_owned();
            match text_of(row, 0) {
                // What is gone meanwhile has no name.
                Some("relation") if admitting::is_shown(self.tables, schema, &name()) => {}
                Some("relation") if admitting::is_of_system(schema) => {
                    touched.of_system.push(name());
                }
                Some("relation") => touched.hidden.push(name()),
                Some("function") if !self.tables.let_call(schema, &name()) => {
                    touched.functions.push(name());
                }
                Some("built in") if !admitting::is_harmless(&name()) => {
                    touched.functions.push(name());
                }
                _ => {}
            }
        }
        Ok(touched)
    }

    /// What the statement fails with where nothing hidden is there. `error` is what it fails with as it is.
    async fn as_if_missing(&mut self, facts: &Facts, error: Option<Error>) -> Trouble {
        let Some(stand_ins) = self.stand_ins(facts) else {
            return untold().into();
        };
        if stand_ins.is_empty() {
            return match error {
                Some(error) => self.told(error, &stand_ins),
                None => through_something().into(),
            };
        }
        if let Err(error) = self.back().await {
            return error.into();
        }
        match self.session.prepare(&stand_ins.sql).await {
            Err(error) => self.told(error, &stand_ins),
            Ok(_) => through_something().into(),
        }
    }

    /// A statement that touches nothing hidden may run if hidden names in it name nothing at all.
    async fn without_hidden_types(&mut self, facts: &Facts) -> Result<(), Trouble> {
        let Some(stand_ins) = self.stand_ins(facts) else {
            return Err(untold().into());
        };
        self.back().await?;
        match self.session.prepare(&stand_ins.sql).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.told(error, &stand_ins)),
        }
    }

    fn stand_ins(&self, facts: &Facts) -> Option<StandIns> {
        let names = self
            .text
            .written(|at, _| facts.are_hidden_by(self.text, at, self.tables));
        StandIns::of(self.text.sql, names)
    }

    fn told(&self, error: Error, stand_ins: &StandIns) -> Trouble {
        if failure::is_lost(&error) {
            return Trouble::Lost(error);
        }
        let position = position(&error).or_else(|| second_statement(&error, self.text.sql));
        let late = pool::timed_out(self.session.config().statement_timeout);
        let mut failure = stand_ins.told(failure::of_statement(error, position, Some(late)));
        if failure
            .hint
            .as_ref()
            .is_some_and(|hint| hint.contains("information_schema") || hint.contains("pg_"))
        {
            failure = failure.with_hint(INSTEAD);
        }
        failure.into()
    }
}

fn through_something() -> Failure {
    not_allowed(
        "A view, a policy or a table with partitions in this statement reads what your role may not see.",
        "Whoever runs this server can allow what it reads, or deny it.",
    )
}

fn untold() -> Failure {
    not_allowed(
        "Your role may see some tables only, and what this statement touches cannot be told.",
        "Write it plainly.",
    )
}
