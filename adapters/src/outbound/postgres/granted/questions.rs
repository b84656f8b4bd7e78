//! What the server is asked about a statement, and how what it answers is asked of it again.
//!
//! A session keeps the questions prepared: to parse and to plan them takes the server ten times as long as to answer them.

use std::{collections::BTreeSet, fmt::Write as _, ops::Range, sync::LazyLock, time::Instant};

use ring::digest::{Context, SHA256};
use sqlx::{Error, Row as _, postgres::PgRow};

use super::{
    super::{
        outcome::wrong_name,
        parameters::quoted,
        session::{PostgresSession, run},
        text_of,
    },
    admitting::TELLING,
    judged::{Evidence, Judged},
    kept::{self, Kept},
};

/// The names in the text, as an array.
const NAMES: &str = "portolan.names";
/// What the server has locked for the text.
const TOUCHED: &str = "portolan.touched";
/// What its answers came to when the text was judged.
const EXPECTED: &str = "portolan.expected";

/// What the server finds in a statement it locks, and keeps locked. By itself this locks nothing.
const LOCKED: &str = "SELECT pg_catalog.set_config('portolan.touched', pg_catalog.concat(pg_catalog.string_agg(\
     DISTINCT relation::pg_catalog.text, ',')), true) FROM pg_catalog.pg_lock_status() \
     WHERE locktype = 'relation' AND pid = pg_catalog.pg_backend_pid()";
/// Tells, of the names and what is locked, all that a judgement goes by: in an order, and each as one text too.
static ANSWERS: LazyLock<String> =
    LazyLock::new(|| filled(include_str!("../queries/granted/answers.sql")));
/// Fails unless all of that is what it was; tells the moment.
static SAME: LazyLock<String> =
    LazyLock::new(|| filled(include_str!("../queries/granted/same.sql")));
/// What no two moments share between which anything in the server's databases has changed; nothing, where that cannot be
/// told: a standby's snapshots do not show which transactions run.
static MOMENT: LazyLock<&str> =
    LazyLock::new(|| include_str!("../queries/granted/moment.sql").trim());

fn filled(question: &str) -> String {
    let facts = include_str!("../queries/granted/facts.sql");
    let touched = include_str!("../queries/granted/touched.sql");
    // Functions of extensions that handle values alone.
    let known = include_str!("../queries/granted/known.sql");
    let telling: Vec<String> = TELLING.iter().map(|name| quoted(name)).collect();
    question
        .replace("{facts}", facts)
        .replace("{touched}", touched)
        .replace("{locked}", &format!(
            "pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.current_setting('{TOUCHED}'), ','))"
        ))
        .replace(
            "{names}",
            &format!("pg_catalog.unnest(pg_catalog.current_setting('{NAMES}')::pg_catalog.name[])"),
        )
        .replace("{known}", known)
        .replace("{telling}", &telling.join(","))
        .replace("{moment}", &MOMENT)
}

/// What runs each question.
pub(super) struct Questions {
    locked: String,
    answers: String,
    same: String,
}

impl Questions {
    /// Behind a pooler no session keeps anything.
    pub(super) fn in_full() -> Self {
        Self {
            locked: LOCKED.to_owned(),
            answers: ANSWERS.clone(),
            same: SAME.clone(),
        }
    }

    /// Those that the session keeps. What runs under their names are they, or this fails: somebody else's statement may have
    /// prepared another under one of them.
    pub(super) async fn kept(session: &mut PostgresSession) -> Result<Self, Error> {
        let texts = [LOCKED, &ANSWERS, &SAME];
        let mut names = Vec::new();
        for text in texts {
            if session.statements.get(text).is_none() {
                session.judged.verified = false;
            }
            names.push(session.prepare(text).await?.name.clone());
        }
        if !session.judged.verified {
            let listed: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            let ask = format!(
                "SELECT name, statement FROM pg_catalog.pg_prepared_statements WHERE name IN ({})",
                listed.join(",")
            );
            let free = format!(
                "SELECT pg_catalog.format('DEALLOCATE %I;', name) FROM pg_catalog.pg_prepared_statements \
                 WHERE from_sql AND name OPERATOR(pg_catalog.~) {}",
                quoted(kept::OURS)
            );
            let rows = run(&mut session.connection, format!("{ask};{free}")).await?;
            let is_held = |(name, text): (&String, &str)| {
                rows.iter().any(|row| {
                    text_of(row, 0) == Some(name.as_str()) && text_of(row, 1) == Some(text)
                })
            };
            if !names.iter().zip(texts).all(is_held) {
                return Err(wrong_name());
            }
            let left: String = rows
                .iter()
                .filter(|row| row.len() == 1)
                .filter_map(|row| text_of(row, 0))
                .collect();
            if !left.is_empty() {
                run(&mut session.connection, left).await?;
            }
            session.judged.none_is_kept();
            session.judged.verified = true;
        }
        let mut executed = names.iter().map(|name| format!("EXECUTE {name}"));
        let mut next = || executed.next().ok_or_else(wrong_name);
        Ok(Self {
            locked: next()?,
            answers: next()?,
            same: next()?,
        })
    }

    /// Of the names alone, before the server sees the text.
    pub(super) fn about_names(&self, names: &str) -> String {
        format!(
            "{PLAINLY}{}{}{}",
            set(NAMES, names),
            set(TOUCHED, ""),
            self.answers
        )
    }

    /// Of the names, and of what the server finds in the text, which it has accepted as one statement.
    pub(super) fn about_text(&self, names: &str, text: &str) -> String {
        format!(
            "{PLAINLY}{}{}{};{DEALLOCATE}{}",
            set(NAMES, names),
            prepare(text),
            self.locked,
            self.answers
        )
    }

    /// Fails unless the answers are what they were, once everything is locked that a text touches: what `prepared` has the server
    /// hold, and `freed` has it hold no longer. These come to [`AGAIN`] commands and their own.
    fn asked_again(&self, names: &str, digest: &str, prepared: &str, freed: &str) -> String {
        format!(
            "{PLAINLY}{}{}{prepared}{};{freed}{};{}{}{AS_USUAL}",
            set(NAMES, names),
            set(EXPECTED, digest),
            self.locked,
            self.same,
            // The text could read them.
            set(EXPECTED, ""),
            set(TOUCHED, ""),
        )
    }
}

const AGAIN: usize = 8;

/// What goes in front of a statement that was judged before. The server goes on to it only if it holds.
#[derive(Debug)]
pub(in super::super) struct Proof {
    pub(in super::super) sql: String,
    pub(in super::super) commands: usize,
    /// Commands between which the server holds the text under our name, which a failure would leave there.
    pub(in super::super) holding: Range<usize>,
    /// What runs in the place of the statement.
    pub(in super::super) instead: Option<String>,
    by: By,
    /// What the judgement is remembered by.
    key: Option<String>,
    begun: Instant,
}

impl Proof {
    /// All that the judgement went by is asked again, once everything that the statement touches is locked: nobody can change
    /// that until the statement has ended.
    pub(super) fn by_answers(
        questions: &Questions,
        names: &str,
        digest: &str,
        text: &str,
        key: Option<String>,
    ) -> Self {
        Self {
            sql: questions.asked_again(names, digest, &prepare(text), DEALLOCATE),
            commands: AGAIN + 2,
            holding: 4..6,
            instead: None,
            by: By::Answers,
            key,
            begun: Instant::now(),
        }
    }

    /// The same, of a statement that the server goes on to keep.
    pub(super) fn keeping(
        judged: &mut Judged,
        questions: &Questions,
        evidence: &Evidence,
        text: &str,
        key: String,
    ) -> Self {
        let (number, free, commands) = judged.keeping.begin();
        // Until it is known to have gone well, nobody knows what the session holds.
        judged.verified = false;
        let (names, digest) = (&evidence.names, &evidence.digest);
        let again = questions.asked_again(names, digest, &kept::prepare(number, text), "");
        Self {
            sql: format!("{free}{again}{}", kept::told(&MOMENT)),
            commands: commands + AGAIN + 3,
            holding: 0..0,
            instead: Some(kept::execute(number)),
            by: By::Keeping(number),
            key: Some(key),
            begun: Instant::now(),
        }
    }

    /// The server has not parsed it anew since then.
    pub(super) fn by_kept(kept: &Kept, key: Option<String>) -> Self {
        Self {
            sql: kept.same(),
            commands: 2,
            holding: 0..0,
            instead: Some(kept.execute()),
            by: By::Kept,
            key,
            begun: Instant::now(),
        }
    }

    /// Nothing in the server's databases has changed, which is asked once everything that the statement touches is locked.
    pub(super) fn by_moment(moment: &str, text: &str, key: Option<String>) -> Self {
        let mut sql = prepare(text);
        sql.push_str(DEALLOCATE);
        let now = *MOMENT;
        // Whatever a moment is, it is no number.
        let _ = write!(
            sql,
            "SELECT CASE WHEN {now} OPERATOR(pg_catalog.=) {} THEN NULL \
             ELSE CAST(pg_catalog.concat({now}, '?') AS pg_catalog.int4) END;",
            quoted(moment)
        );
        Self {
            sql,
            commands: 3,
            holding: 1..2,
            instead: None,
            by: By::Moment,
            key,
            begun: Instant::now(),
        }
    }
}

/// What a statement is held to.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    Answers,
    /// The server's moment alone.
    Moment,
    /// Answers, while it is begun to be kept under a number.
    Keeping(u32),
    /// The server keeps it.
    Kept,
}

impl Judged {
    /// What became of a statement that was held to a proof.
    pub(in super::super) fn learn(&mut self, proof: &Proof, has_held: bool) {
        let (short, told) = (self.short.take(), self.told.take());
        let Some(key) = &proof.key else {
            return;
        };
        if !has_held {
            self.disproved(key, proof.by);
            return;
        }
        if let Some(short) = short {
            self.was_run(key, short, proof.begun);
        }
        match (proof.by, told) {
            (By::Keeping(number), Some(told)) => {
                // A failure may have come before it was told.
                if let Some((parsed, moment)) = kept::moments(&told) {
                    let kept = self.keeping.begun(number, parsed, proof.begun);
                    self.keep(key, kept);
                    self.verified = true;
                    if let Some(moment) = moment {
                        self.held(key, moment.to_owned(), proof.begun);
                    }
                }
            }
            (By::Answers | By::Moment, Some(told)) => self.held(key, told, proof.begun),
            _ => {}
        }
    }
}

/// A server that expects much of a question would compile it, which takes it a hundred times as long as to answer.
const PLAINLY: &str = "SET LOCAL jit = off;";
/// What the session has by itself.
const AS_USUAL: &str = "SET LOCAL jit = DEFAULT;";
const DEALLOCATE: &str = "DEALLOCATE portolan_judged;";

/// Has the server parse and rewrite the text, whose end may be a comment.
fn prepare(text: &str) -> String {
    format!("PREPARE portolan_judged AS {text}\n;")
}

fn set(name: &str, value: &str) -> String {
    format!("SET LOCAL {name} = {};", quoted(value))
}

/// Tells names as the server reads them, in rows that look like answers.
pub(super) fn as_read(names: &BTreeSet<String>) -> String {
    let names = array(names.iter().cloned());
    format!(
        "SELECT asked.name, NULL, NULL, NULL, NULL, NULL \
         FROM pg_catalog.unnest(CAST({} AS pg_catalog.name[])) WITH ORDINALITY AS asked (name, place) ORDER BY place",
        quoted(&names)
    )
}

/// An array of names, as the server reads it.
pub(super) fn array(names: impl Iterator<Item = String>) -> String {
    let mut array = "{".to_owned();
    for name in names {
        if array.len() > 1 {
            array.push(',');
        }
        array.push('"');
        for character in name.chars() {
            if matches!(character, '"' | '\\') {
                array.push('\\');
            }
            array.push(character);
        }
        array.push('"');
    }
    array.push('}');
    array
}

/// What answers come to, as the server reckons it.
pub(super) fn digest(rows: &[PgRow]) -> Option<String> {
    let mut digest = Context::new(&SHA256);
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            digest.update(b"\n");
        }
        digest.update(row.try_get_raw(5).ok()?.as_bytes().ok()?);
    }
    let mut text = String::new();
    for byte in digest.finish().as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_what_they_are_in_an_array() {
        let names = ["a", "b\"c", "d\\e", "f,{g}", "null", ""];

        assert_eq!(
            array(names.iter().map(|name| (*name).to_owned())),
            r#"{"a","b\"c","d\\e","f,{g}","null",""}"#
        );
    }
}
