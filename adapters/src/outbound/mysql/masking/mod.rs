//! Masked columns: which there are, what a statement may do with them, and which columns of a result are theirs.
//!
//! The server tells of each column of a result from which column of which table it is. Of a view MariaDB tells what the statement
//! calls it, so with views the text decides as well: a name that any of the tables in it has masked is masked. What views read
//! is followed through their texts (`lineage.rs`, `views.rs`).

mod aside;
mod lineage;
mod seen;
mod views;

use std::collections::{BTreeSet, HashSet};

use domain::{
    Failure, FailureKind,
    masking::{Mask, Masking, Masks},
    query::{Effect, Statement},
};
use sqlx::{Column as _, ColumnOrigin, mysql::MySqlColumn};

pub(super) use self::seen::Known;
use self::{lineage::Lineage, seen::Key};
use super::{
    super::{
        lexer::{Lexed, character, position},
        masking::{Kind, Reading, Token, Touch, judge, of_lexed, refused},
    },
    dialect,
    named::Text,
    session::MySqlSession,
    telling, text,
};

const READING: Reading = Reading {
    whole_rows: false,
    strings_are_names: false,
};
const PLAINLY: &str = "Write it plainly.";
const DIRECTLY: &str = "Do without it, or read the tables themselves.";

/// What holds for one statement on a connection with masked columns.
#[derive(Debug)]
pub(super) struct Guard {
    lineage: Lineage,
    masking: Masking,
    touch: Touch,
    explains: bool,
    names_a_view: bool,
}

/// Refuses a statement that could tell more of masked columns than their masked values.
pub(super) async fn guard(
    session: &mut MySqlSession,
    statement: &Statement,
    database: Option<&str>,
    masking: &Masking,
    known: &Known,
) -> Result<Guard, Unjudged> {
    let sql = statement.sql.as_str();
    let text = Text::of(sql).ok_or_else(unreadable)?;
    let database = database.unwrap_or_default();
    let tables = text.tables().map_err(|_| unreadable())?;
    let named: BTreeSet<Key> = tables
        .into_iter()
        .map(|(_, named)| seen::key(named, database))
        .flat_map(|key| [(stored(&key.0), stored(&key.1)), key])
        .collect();
    let sight = known
        .sight(session, &named, database)
        .await
        .map_err(Unjudged::Unknown)?
        .ok_or_else(unreadable)?;
    let lineage = Lineage::of(named.iter(), &sight, &masking.rules);
    Ok(Guard::of(&text, lineage, &sight.routines, masking)?)
}

/// A statement that was not sent.
pub(super) enum Unjudged {
    Refused(Failure),
    /// The database did not say what was to be known.
    Unknown(sqlx::Error),
}

impl From<Failure> for Unjudged {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

fn unreadable() -> Failure {
    refused(
        "What this statement reads cannot be told, and this connection has masked columns.",
        PLAINLY,
    )
}

impl Guard {
    fn of(
        text: &Text<'_>,
        lineage: Lineage,
        routines: &HashSet<String>,
        masking: &Masking,
    ) -> Result<Self, Failure> {
        let sql = text.sql;
        let lexed = text::lexed(sql);
        let classified = dialect::classify(sql);
        let hides =
            |finding: &&domain::query::effect::Finding| finding.effect == Effect::HiddenCode;
        if let Some(finding) = classified.findings.iter().find(hides) {
            return Err(refused(
                format!(
                    "{} may hide code from whoever judges it.",
                    finding.construct
                ),
                PLAINLY,
            )
            .with_position(finding.position));
        }
        if let Some(at) = text.variable() {
            return Err(refused(
                "A variable of the session may hide a name: it can end in a point.",
                "Write its value in its place.",
            )
            .with_position(character(sql, at)));
        }
        let tokens = tokens_of(&lexed);
        let first = lexed.leading_words(1).pop().unwrap_or_default();
        let explains = text::asks_for_plan(sql) || first == "SHOW";
        if !explains && !matches!(first.as_str(), "SELECT" | "WITH" | "VALUES" | "TABLE") {
            return Err(refused(
                format!("{first} is not run on a connection with masked columns."),
                "Read with SELECT.",
            ));
        }
        let place = |failure: Failure, at: usize| match lexed.significant().nth(at) {
            Some(token) => failure.with_position(position(sql, token.span.start)),
            None => failure,
        };
        if let Some((at, why)) = lineage.reads_aside(text, &tokens, routines, explains) {
            return Err(place(refused(why, DIRECTLY), at));
        }
        let touch = judge(&tokens, &lineage.relations, READING).map_err(|refusal| {
            let at = refusal.token;
            place(refusal.into_failure(None), at)
        })?;
        if touch != Touch::Nothing {
            if let Some((at, why)) = aside::asks_aside(&tokens) {
                return Err(place(refused(why, DIRECTLY), at));
            }
            if let Some(hint) = lexed.optimizer_hint() {
                return Err(refused(
                    "The order of an index may be that of a masked column.",
                    "Leave out the hint for the optimizer.",
                )
                .with_position(position(sql, hint)));
            }
        }
        if let Touch::Allowed { shown, star: true } = &touch
            && !shown.is_empty()
        {
            return Err(refused(
                "Beside a star nobody knows at which place a masked column stands.",
                "Name every column that is needed.",
            ));
        }
        let names_a_view = lineage.names_a_view(&tokens);
        Ok(Self {
            lineage,
            masking: masking.clone(),
            touch,
            explains,
            names_a_view,
        })
    }

    /// Whether the statement names anything with masked columns.
    pub(super) fn touches(&self) -> bool {
        self.touch != Touch::Nothing
    }

    /// What masks the cells of a result with these columns.
    pub(super) fn masks(&self, columns: &[MySqlColumn]) -> Masks {
        let masks = columns
            .iter()
            .enumerate()
            .map(|(place, column)| self.mask_of(place, column))
            .collect();
        Masks::new(masks, &self.masking)
    }

    fn mask_of(&self, place: usize, column: &MySqlColumn) -> Option<Mask> {
        let Touch::Allowed { shown, star } = &self.touch else {
            return None;
        };
        if self.explains {
            return None;
        }
        let origin = table_of(column);
        let by_server = origin.as_ref().and_then(|origin| {
            let rules = &self.masking.rules;
            self.lineage.mask_of(&origin.table, &origin.column, rules)
        });
        if origin.is_some() && !self.names_a_view {
            return by_server;
        }
        let name = match &origin {
            Some(origin) => origin.column.clone(),
            None => folded(column.name()),
        };
        let by_name = self.lineage.mask_of_name(&name);
        // A column that the text says is masked is, whatever it is called.
        let by_place = shown
            .get(&place)
            .filter(|_| by_name.is_none() || origin.is_none())
            .map(|written| match origin {
                Some(_) => Mask::Full,
                None => self.lineage.mask_of_name(written).unwrap_or(Mask::Full),
            });
        let by_name = by_name.filter(|_| *star || shown.contains_key(&place) || origin.is_none());
        by_server.max(by_name).max(by_place)
    }
}

impl Lineage {
    fn names_a_view(&self, tokens: &[Token]) -> bool {
        tokens
            .iter()
            .any(|token| token.is_name() && self.views.contains(&token.text))
    }

    /// What in a statement may read masked columns without naming them, and at which token.
    fn reads_aside(
        &self,
        text: &Text<'_>,
        tokens: &[Token],
        routines: &HashSet<String>,
        explains: bool,
    ) -> Option<(usize, String)> {
        if let Some(at) = telling::tells_values(tokens) {
            let name = tokens.get(at).map_or("", |token| token.text.as_str());
            return Some((at, format!("{name} may hold values of masked columns.")));
        }
        if let Some(at) = telling::shows_values(tokens) {
            return Some((
                at,
                "SHOW may tell values of masked columns here.".to_owned(),
            ));
        }
        for (at, token) in tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| token.is_name())
        {
            let name = token.text.as_str();
            if self.closed.contains(name) {
                return Some((
                    at,
                    format!("Nobody knows which columns of {name} are masked."),
                ));
            }
            let queries = || {
                tokens
                    .iter()
                    .any(|token| token.is_one_of(&["select", "with", "table", "values"]))
            };
            if explains && self.views.contains(name) && queries() {
                return Some((
                    at,
                    format!("The plan of {name} may show values of masked columns."),
                ));
            }
            if explains && token.kind == Kind::Word && name == "connection" {
                return Some((
                    at,
                    "Another session's plan may show values of masked columns.".to_owned(),
                ));
            }
        }
        text.calls().find_map(|(at, called)| {
            let is_known = called.is_built_in() && !routines.contains(&folded(&called.name));
            (!is_known).then(|| {
                (
                    at,
                    format!(
                        "Nobody knows what {} reads; this connection has masked columns.",
                        called.name
                    ),
                )
            })
        })
    }
}

/// The server's own judgement of a text, which quotes no row.
pub(super) fn quotes_no_value(failure: &Failure) -> bool {
    match failure.sqlstate.as_deref() {
        Some(state)
            if ["08", "40", "42", "70"]
                .iter()
                .any(|class| state.starts_with(class)) =>
        {
            true
        }
        _ => failure.kind != FailureKind::InvalidSql,
    }
}

/// The column of a table or view that a column of a result is, if it is one and nothing else, in folded names.
fn table_of(column: &MySqlColumn) -> Option<Origin> {
    let ColumnOrigin::Table(origin) = column.origin() else {
        return None;
    };
    // What has no schema is a table of the statement's own making.
    let (schema, table) = origin.table.split_once('.')?;
    (!origin.name.is_empty()).then(|| Origin {
        table: (folded(schema), folded(table)),
        column: folded(&origin.name),
    })
}

struct Origin {
    table: Key,
    column: String,
}

/// The tokens of a text with their names folded.
pub(super) fn tokens_of(lexed: &Lexed) -> Vec<Token> {
    of_lexed(lexed)
        .into_iter()
        .map(|token| Token {
            text: folded(&token.text),
            ..token
        })
        .collect()
}

/// A name as the servers compare it, or more alike than they do: to some of them a dotted capital I is an i.
pub(super) fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    name.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .filter(|character| *character != '\u{307}')
        .collect()
}

/// A name that may be this one where a server stores names in lower case: it takes a dotted capital I for an i, and MariaDB's
/// catalog does not when it is asked for a table. No other letter becomes a different one for it than for us.
pub(super) fn stored(name: &str) -> String {
    name.replace('İ', "i")
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn names_that_a_server_takes_for_one_are_folded_into_one() {
        for (one, other) in [
            ("EMAIL", "email"),
            ("ema\u{130}l", "email"),
            ("ema\u{131}l", "email"),
            ("\u{17f}\u{17f}n", "ssn"),
            ("\u{212a}ey", "key"),
            ("ΟΔΟΣ", "οδος"),
            ("É", "é"),
        ] {
            assert_eq!(folded(one), folded(other), "{one}");
        }
    }
}
