//! Whether a statement touches only what somebody may see.
//!
//! `SQLite` itself tells, while it prepares the statement, every table that is read. A statement that touches a hidden table,
//! that cannot be prepared, or that names a hidden table, is prepared once more with names in it that nothing has, in the place
//! of those of hidden tables: what comes of that is what would come of it if they were not there. A name alone tells too:
//! `SQLite` looks up the tables of a subquery that it then leaves out, and reads nothing of them.

use std::{collections::BTreeSet, sync::Arc};

use domain::{Failure, FailureKind, access::Tables};
use sqlparser::tokenizer::Token;

use super::{
    super::{
        lexer::{Lexed, position},
        lexicon,
    },
    session::SqliteSession,
    statement::Inspected,
};

/// Table-valued functions that show nothing but their arguments.
const HARMLESS: [&str; 5] = [
    "json_each",
    "json_tree",
    "jsonb_each",
    "jsonb_tree",
    "generate_series",
];
/// What tells of the schema, of statistics or of the pages of the file, under whatever name it begins with.
const TELLING: [&str; 5] = ["sqlite_", "pragma_", "dbstat", "bytecode", "tables_used"];

/// The statement, if all that it touches is shown; else what it would fail with if the rest were not there.
pub(super) async fn judged(
    session: &mut SqliteSession,
    sql: &str,
    inspected: Result<Arc<Inspected>, Failure>,
    tables: &Tables,
) -> Result<Arc<Inspected>, Failure> {
    let Some(known) = session.tables().await else {
        return Err(untold());
    };
    let names: BTreeSet<String> = known
        .iter()
        .filter(|(schema, name)| !is_shown(tables, &known, schema, name))
        .map(|(_, name)| name.to_lowercase())
        .collect();
    let failure = match inspected {
        Ok(inspected) if inspected.touched.more => return Err(not_only_tables()),
        Ok(inspected) if hidden(&inspected, &known, tables).is_empty() => {
            return match named(session, sql, &names).await {
                Some(failure) => Err(failure),
                None => Ok(inspected),
            };
        }
        Ok(inspected) => tells_the_schema(&inspected),
        Err(failure) if is_about_the_text(&failure) => Some(failure),
        Err(failure) => return Err(failure),
    };
    let Some(renamed) = Renamed::of(sql, &names) else {
        // The failure as it is may tell of what a hidden table is like.
        return Err(untold());
    };
    if renamed.stand_ins.is_empty() {
        return Err(failure.unwrap_or_else(through_a_view));
    }
    match session.inspect_once(&renamed.sql).await {
        Err(failure) => Err(renamed.told(failure)),
        Ok(_) => Err(through_a_view()),
    }
}

/// What a statement that reads nothing hidden fails with where nothing hidden is there.
async fn named(
    session: &mut SqliteSession,
    sql: &str,
    names: &BTreeSet<String>,
) -> Option<Failure> {
    let Some(renamed) = Renamed::of(sql, names) else {
        let text = sql.to_lowercase();
        let may_name_one = names.iter().any(|name| text.contains(name));
        return may_name_one.then(untold);
    };
    if renamed.stand_ins.is_empty() {
        return None;
    }
    let failure = session.inspect_once(&renamed.sql).await.err()?;
    // All tables are looked up before any column is: where a column is missing, all of them were found.
    let is_a_column = failure.message.starts_with("no such column");
    (!is_a_column).then(|| renamed.told(failure))
}

/// What of it is not shown.
fn hidden<'t>(
    inspected: &'t Inspected,
    known: &[(String, String)],
    tables: &Tables,
) -> Vec<&'t str> {
    let is_hidden = |schema: Option<&str>, name: &str| match schema {
        Some(schema) => !is_shown(tables, known, schema, name),
        // A common table expression, unless there is a table or view of this name somewhere.
        None => {
            is_telling(name)
                || known.iter().any(|(schema, other)| {
                    other.eq_ignore_ascii_case(name) && !is_shown(tables, known, schema, other)
                })
        }
    };
    inspected
        .touched
        .tables
        .iter()
        .filter(|(schema, name)| is_hidden(schema.as_deref(), name))
        .map(|(_, name)| name.as_str())
        .collect()
}

/// Letter case tells no names apart here. A table of a harmless name is a table.
fn is_shown(tables: &Tables, known: &[(String, String)], schema: &str, name: &str) -> bool {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    if HARMLESS.iter().any(|harmless| is(harmless)) && !known.iter().any(|(_, made)| is(made)) {
        return true;
    }
    !is_telling(name) && tables.show_in_any_case(schema, name)
}

fn is_telling(name: &str) -> bool {
    let name = name.to_lowercase();
    TELLING.iter().any(|begins| name.starts_with(begins))
}

/// The catalog is no secret, but what stands in it is.
fn tells_the_schema(inspected: &Inspected) -> Option<Failure> {
    let telling = inspected
        .touched
        .tables
        .iter()
        .find(|(_, name)| is_telling(name));
    telling.map(|(_, name)| {
        Failure::new(
            FailureKind::NotAllowed,
            format!("{name} tells of tables that your role may not see."),
        )
        .with_hint(INSTEAD)
    })
}

const INSTEAD: &str = "search_schema and describe_table tell of those that it may see.";

/// Whether the failure may tell of what a table is like.
fn is_about_the_text(failure: &Failure) -> bool {
    !matches!(
        failure.kind,
        FailureKind::Busy | FailureKind::Unavailable | FailureKind::Cancelled
    )
}

fn not_only_tables() -> Failure {
    Failure::new(
        FailureKind::NotAllowed,
        "Your role may see some tables only, and this does more than reading tables.",
    )
    .with_hint(INSTEAD)
}

fn through_a_view() -> Failure {
    Failure::new(
        FailureKind::NotAllowed,
        "A view in this statement reads what your role may not see.",
    )
    .with_hint("Whoever runs this server can allow what the view reads, or deny the view.")
}

fn untold() -> Failure {
    Failure::new(
        FailureKind::NotAllowed,
        "Your role may see some tables only, and what this statement touches cannot be told.",
    )
    .with_hint("Check its quotes and comments, and write it plainly.")
}

/// A text in which names that nothing has stand for others.
struct Renamed {
    sql: String,
    /// With what the text had in its place.
    stand_ins: Vec<(String, String)>,
}

impl Renamed {
    /// `None` if the text cannot be read.
    fn of(sql: &str, names: &BTreeSet<String>) -> Option<Self> {
        let lexed = Lexed::of(&lexicon::SQLITE, sql);
        if lexed.flaw.is_some() {
            return None;
        }
        let mut renamed = Self {
            sql: String::with_capacity(sql.len()),
            stand_ins: Vec::new(),
        };
        let mut rest = sql;
        let mut read = 1;
        for token in &lexed.tokens {
            let Some(name) = name(&token.token).filter(|name| names.contains(&name.to_lowercase()))
            else {
                continue;
            };
            let begins = position(sql, token.span.start);
            let (before, after) = split_at_character(rest, begins.checked_sub(read)?)?;
            let ends = position(sql, token.span.end);
            let (written, after) = split_at_character(after, ends.checked_sub(begins)?)?;
            // Whatever the lexer takes for white space or leaves out, nothing else is replaced.
            if written != token.token.to_string() {
                return None;
            }
            let stand_in = renamed.stand_in(&name);
            renamed.sql.push_str(before);
            let mut characters = written.chars();
            match (characters.next(), characters.next_back()) {
                (Some(open @ ('"' | '`' | '\'' | '[')), Some(close)) => {
                    renamed.sql.push(open);
                    renamed.sql.push_str(&stand_in);
                    renamed.sql.push(close);
                }
                _ => renamed.sql.push_str(&stand_in),
            }
            (rest, read) = (after, ends);
        }
        renamed.sql.push_str(rest);
        Some(renamed)
    }

    /// As long as the name, so that what follows stays where it is; of letters that nobody names a table by.
    fn stand_in(&mut self, name: &str) -> String {
        let known = self.stand_ins.iter().find(|(_, other)| other == name);
        if let Some((stand_in, _)) = known {
            return stand_in.clone();
        }
        let letter = u32::try_from(self.stand_ins.len())
            .ok()
            .and_then(|number| char::from_u32(0xE000 + number % 6_000))
            .unwrap_or('\u{F8FF}');
        let stand_in: String = name.chars().map(|_| letter).collect();
        self.stand_ins.push((stand_in.clone(), name.to_owned()));
        stand_in
    }

    /// The failure in the words of the text as it was.
    fn told(&self, mut failure: Failure) -> Failure {
        // The longest first: one may be part of another.
        let mut stand_ins: Vec<_> = self.stand_ins.iter().collect();
        stand_ins.sort_by_key(|(stand_in, _)| std::cmp::Reverse(stand_in.len()));
        for (stand_in, name) in stand_ins {
            failure.message = failure.message.replace(stand_in, name);
        }
        failure
    }
}

fn split_at_character(text: &str, count: usize) -> Option<(&str, &str)> {
    let at = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .nth(count)?;
    text.split_at_checked(at)
}

/// What a token may name; `SQLite` takes text in quotes for a name where only a name can stand.
fn name(token: &Token) -> Option<String> {
    match token {
        Token::Word(word) => Some(match word.quote_style {
            Some(quote) => {
                let close = if quote == '[' { ']' } else { quote };
                word.value
                    .replace(&format!("{close}{close}"), &close.to_string())
            }
            None => word.value.clone(),
        }),
        Token::SingleQuotedString(text) => Some(text.replace("''", "'")),
        Token::DoubleQuotedString(text) => Some(text.replace("\"\"", "\"")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(sql: &str) -> String {
        let names = BTreeSet::from(["people".to_owned(), "a \"b".to_owned()]);
        Renamed::of(sql, &names).unwrap().sql
    }

    #[test]
    fn only_names_are_replaced_and_by_as_many_letters() {
        let six = "\u{E000}".repeat(6);
        for (sql, expected) in [
            (
                "SELECT 'é' -- people\n, 1\n FROM people, t",
                format!("SELECT 'é' -- people\n, 1\n FROM {six}, t"),
            ),
            ("SELECT 1 FROM People p", format!("SELECT 1 FROM {six} p")),
            (
                "SELECT 1 FROM \"people\"",
                format!("SELECT 1 FROM \"{six}\""),
            ),
            (
                "SELECT 1 FROM main.[people]",
                format!("SELECT 1 FROM main.[{six}]"),
            ),
            ("SELECT 1 FROM 'people'", format!("SELECT 1 FROM '{six}'")),
            ("SELECT 1 FROM peoples", "SELECT 1 FROM peoples".to_owned()),
        ] {
            assert_eq!(renamed(sql), expected, "{sql}");
        }
    }

    #[test]
    fn a_failure_tells_the_name_as_it_was_written() {
        let names = BTreeSet::from(["people".to_owned()]);
        let renamed = Renamed::of("SELECT 1 FROM PEOPLE", &names).unwrap();

        let message = format!("no such table: {}", "\u{E000}".repeat(6));

        let told = renamed.told(Failure::new(FailureKind::InvalidSql, message));
        assert_eq!(told.message, "no such table: PEOPLE");
    }
}
