//! Whether a statement touches only what somebody may see.
//!
//! The server itself tells: while it parses and rewrites a statement it locks every relation that it finds, through
//! views and policies too, and keeps the locks up to the end of the transaction. What locks do not tell is judged from the text: functions,
//! which could read anything, and names that stand for types. A statement that touches a hidden relation, or that the
//! server does not parse, is parsed once more with names in it that nothing has, in the place of hidden ones: what comes
//! of that is what would come of it if they were not there.

mod admitting;
mod aliases;
mod judged;
mod kept;
mod questions;
mod text;

use std::{borrow::Cow, collections::BTreeSet};

use domain::{Failure, FailureKind, access::Tables, query::Statement};
use sqlx::{Error, Row as _, postgres::PgRow};

use self::{
    admitting::{Facts, INSTEAD, not_allowed},
    judged::Evidence,
    questions::{Questions, array, digest},
    text::Text,
};
pub(super) use self::{
    judged::Judged,
    kept::{OURS, SHORT},
    questions::Proof,
};
use super::{
    super::{pool, stand_ins::StandIns},
    failure,
    identity::Identity,
    message::BEGIN_GRANTED,
    outcome::{Ended, Execution, Purpose, position, second_statement, wrong_name},
    session::{PostgresSession, run},
    text_of,
};

/// Refuses a statement of a caller who may see some tables only, unless it touches no others; what is returned holds it to
/// that while it is run. Nothing is, behind a pooler and where a setting is shown.
pub(super) async fn judge(
    session: &mut PostgresSession,
    statement: &Statement,
    tables: &Tables,
) -> Result<Option<Proof>, Execution> {
    session.identity = Identity::of(statement.acts_as.as_deref());
    let pooler = session.config().pooler;
    let key = session
        .judged
        .key(&statement.sql, &session.identity.sql, tables);
    // What is prepared anew may fail, and has to tell what it would fail with if nothing hidden were there.
    if !pooler
        && session.statements.get(&statement.sql).is_some()
        && let Some(key) = &key
        && let Some(evidence) = session.judged.get(key).cloned()
    {
        return evidence
            .proof(session, statement, Some(key.clone()))
            .await
            .map(Some)
            .map_err(|trouble| trouble.told(Ended::Idle));
    }
    let text = Text::of(&statement.sql, &session.encoding);
    admitting::admit_kind(&text).map_err(refused)?;
    if admitting::shows_a_setting(&text) {
        return Ok(None);
    }
    if pooler {
        let time = session.config().statement_timeout;
        session
            .begin_behind_pooler(Purpose::Read, time)
            .await
            .map_err(|error| Execution::failed(error, true, Ended::Broken))?;
    }
    let mut judging = Judging {
        session,
        text: &text,
        tables,
        ended: Ended::Idle,
    };
    let judged = judging.judged().await;
    let ended = judging.ended;
    if pooler && session.roll_back().await.is_err() {
        return Err(Execution::refused(untold(), Ended::Broken));
    }
    let evidence = judged.map_err(|trouble| trouble.told(ended))?;
    if pooler {
        return Ok(None);
    }
    let key = key.filter(|_| evidence.suffices);
    if let Some(key) = &key {
        session.judged.insert(key.clone(), evidence.clone());
    }
    let proof = evidence.proof(session, statement, key).await;
    proof.map(Some).map_err(|trouble| trouble.told(Ended::Idle))
}

impl Evidence {
    /// What holds a statement to it that the session has prepared.
    async fn proof(
        &self,
        session: &mut PostgresSession,
        statement: &Statement,
        key: Option<String>,
    ) -> Result<Proof, Trouble> {
        let text = statement.sql.get(self.begins..).unwrap_or_default();
        // What others run in between may end what is kept.
        let undisturbed = session.judged.verified;
        if let Some(kept) = &self.kept
            && undisturbed
            && kept.is_fresh()
        {
            return Ok(Proof::by_kept(kept, key));
        }
        let is_often_run = self.run.is_some_and(|at| at.elapsed() < kept::OFTEN);
        let may_be_kept = undisturbed
            && is_often_run
            && self.keepable
            && self.short
            && statement.params.is_empty();
        if let Some(moment) = &self.moment
            && !may_be_kept
        {
            return Ok(Proof::by_moment(moment, text, key));
        }
        let questions = Questions::kept(session).await?;
        if let Some(key) = &key
            && may_be_kept
        {
            let judged = &mut session.judged;
            if judged.keeping.is_full() {
                judged.let_go();
            }
            return Ok(Proof::keeping(judged, &questions, self, text, key.clone()));
        }
        Ok(Proof::by_answers(
            &questions,
            &self.names,
            &self.digest,
            text,
            key,
        ))
    }
}

/// The schema changes as often as a statement is judged.
pub(super) fn unsettled() -> Failure {
    Failure::new(
        FailureKind::Busy,
        "What this statement touches was changed each time that it was about to be run.",
    )
    .with_hint("Try again in a moment.")
}

fn refused(failure: Failure) -> Execution {
    Execution::refused(failure, Ended::Idle)
}

enum Trouble {
    Refused(Failure),
    /// The session is of no further use.
    Lost(Error),
}

impl Trouble {
    /// `ended` is how the session is left by a refusal.
    fn told(self, ended: Ended) -> Execution {
        match self {
            Self::Refused(failure) => Execution::refused(failure, ended),
            Self::Lost(error) => Execution::failed(error, true, Ended::Broken),
        }
    }
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
        if failure::is_about_a_name(&error) {
            return Self::Lost(wrong_name());
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
    /// How the session is left.
    ended: Ended,
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
    async fn judged(&mut self) -> Result<Evidence, Trouble> {
        let questions = if self.session.config().pooler {
            Questions::in_full()
        } else {
            Questions::kept(self.session).await?
        };
        let names: BTreeSet<String> = self.text.names().map(|(_, name)| name).collect();
        self.keep_their_letters(&names).await?;
        let names = array(names.into_iter());
        let rows = self.ask(&questions.about_names(&names)).await?;
        let facts = facts(&rows);
        admitting::admit_names(self.text, self.tables)?;
        admitting::admit_calls(self.text, &facts, self.tables)?;
        self.back().await?;
        if let Err(error) = self.session.prepare(self.text.sql).await {
            return Err(self.as_if_missing(&facts, Some(error)).await);
        }
        self.back().await?;
        // A failure may leave the text under our name.
        self.ended = Ended::Broken;
        let asked = questions.about_text(&names, self.text.explained());
        let rows = self.ask(&asked).await?;
        self.ended = Ended::Idle;
        let digest = digest(&rows).ok_or_else(untold)?;
        // All of these answers are of one moment, and it is they that the statement is held to.
        let suffices = self.admit(&rows).await?;
        let begins = self.text.sql.len() - self.text.explained().len();
        Ok(Evidence {
            suffices,
            names,
            digest,
            begins,
            moment: None,
            keepable: begins == 0 && kept::lasts(self.text.sql) && are_kept(&rows),
            short: false,
            run: None,
            kept: None,
        })
    }

    /// Refuses names that another encoding cuts, or has in other letters: what is known of them would be known of others.
    async fn keep_their_letters(&mut self, names: &BTreeSet<String>) -> Result<(), Trouble> {
        if self.text.encoding.is_ours || names.iter().all(|name| name.is_ascii()) {
            return Ok(());
        }
        let rows = match self.ask(&questions::as_read(names)).await {
            Ok(rows) => rows,
            // That the server lacks a letter it says of the whole text, before it reads it.
            Err(error) if failure::lacks_a_letter(&error) => {
                return match self.session.prepare(self.text.sql).await {
                    Err(error) if failure::lacks_a_letter(&error) => {
                        Err(failure::of_statement(error, None, None).into())
                    }
                    _ => Err(untold().into()),
                };
            }
            Err(error) => return Err(error.into()),
        };
        self.back().await?;
        let are_read = rows.len() == names.len()
            && rows
                .iter()
                .zip(names)
                .all(|(row, name)| text_of(row, 0) == Some(name));
        if are_read {
            Ok(())
        } else {
            Err(untold().into())
        }
    }

    /// Whether the answers alone decide.
    async fn admit(&mut self, rows: &[PgRow]) -> Result<bool, Trouble> {
        let facts = facts(rows);
        admitting::admit_calls(self.text, &facts, self.tables)?;
        let touched = self.touched(rows);
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
            return self.without_hidden_types(&facts).await.map(|()| false);
        }
        Ok(true)
    }

    /// Asks in a transaction, as whoever the statement runs as.
    async fn ask(&mut self, sql: &str) -> Result<Vec<PgRow>, Error> {
        let answer = if self.session.config().pooler {
            run(&mut self.session.connection, sql.to_owned()).await
        } else {
            let sql = format!("{BEGIN_GRANTED}{}{sql};ROLLBACK", self.session.identity.sql);
            let answer = run(&mut self.session.connection, sql).await;
            if answer.is_err() && self.session.undo().await != Ended::Idle {
                return Err(Error::WorkerCrashed);
            }
            answer
        };
        // What is locked is told by a row of its own.
        let is_answer = |row: &PgRow| row.len() == ANSWER;
        answer.map(|rows| rows.into_iter().filter(is_answer).collect())
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

    fn touched(&self, rows: &[PgRow]) -> Touched {
        let mut touched = Touched::default();
        for row in rows {
            let schema = &*legible(row, 1);
            let name = || legible(row, 2).into_owned();
            match text_of(row, 0) {
                // What is gone meanwhile has no name.
                Some("touched") if admitting::is_shown(self.tables, schema, &name()) => {}
                Some("touched") if admitting::is_of_system(schema) => {
                    touched.of_system.push(name());
                }
                Some("touched") => touched.hidden.push(name()),
                Some("called function") if !self.tables.let_call(schema, &name()) => {
                    touched.functions.push(name());
                }
                Some("called built in") if !admitting::is_harmless(&name()) => {
                    touched.functions.push(name());
                }
                _ => {}
            }
        }
        touched
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
        StandIns::of(self.text.sql, names, self.text.encoding.letters)
    }

    fn told(&self, error: Error, stand_ins: &StandIns) -> Trouble {
        if failure::is_lost(&error) {
            return Trouble::Lost(error);
        }
        let encoding = &self.text.encoding;
        let position = position(&error)
            .map(|place| encoding.character(place, &stand_ins.sql))
            .or_else(|| second_statement(&error, self.text.sql));
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

/// Columns of an answer.
const ANSWER: usize = 6;

fn facts(rows: &[PgRow]) -> Facts {
    let rows: Vec<[Cow<'_, str>; 5]> = rows
        .iter()
        .map(|row| std::array::from_fn(|column| legible(row, column)))
        .collect();
    Facts::of(rows.iter().map(|row| row.each_ref().map(|text| &**text)))
}

/// A text in an answer, whatever its bytes mean; empty for NULL. A name that is not UTF-8 is then no name that anybody could allow.
fn legible(row: &PgRow, column: usize) -> Cow<'_, str> {
    let value = row.try_get_raw(column).ok();
    let bytes = value.and_then(|value| value.as_bytes().ok());
    String::from_utf8_lossy(bytes.unwrap_or_default())
}

/// Whether the server parses a statement anew where anything about what it touches has changed.
fn are_kept(rows: &[PgRow]) -> bool {
    rows.iter()
        .filter(|row| text_of(row, 0) == Some("touched"))
        .all(|row| text_of(row, 3).is_none() && text_of(row, 4).is_none())
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
