//! What to try next, when the server only says what is wrong: the nearest real names, a cast, the style of placeholders.
//!
//! A failed statement may cost one more query; a good hint saves the caller a whole call.

mod names;
mod place;
mod types;

use std::time::Duration;

use domain::query::{Statement, dialect::Flaw};
use sqlparser::tokenizer::Token;
use sqlx::{Error, postgres::PgDatabaseError};
use tokio::time::error::Elapsed;

use super::{
    super::{grouping, lexer::Lexed, lexicon},
    failure,
    session::PostgresSession,
};

const ILIKE: &str = "ILIKE stands between a text and a pattern, such as name ILIKE 'a%'.";

/// A longer text would keep other calls waiting while it is read; its syntax alone is worth that.
const LONGEST_READ: usize = 100_000;
/// A hint is worth this much waiting.
const LIMIT: Duration = Duration::from_secs(1);

/// A better hint than the server's for a statement that it would not parse or run, if there is one. When looking took
/// too long, the session still waits for its answer.
pub(super) async fn find(
    session: &mut PostgresSession,
    statement: &Statement,
    error: &Error,
    position: Option<usize>,
) -> Result<Option<String>, Elapsed> {
    tokio::time::timeout(LIMIT, better(session, statement, error, position)).await
}

/// Whether it is worth asking for a better hint.
pub(super) fn may_help(error: &Error, position: Option<usize>) -> bool {
    failure::reported(error).is_some_and(|reported| match reported.code() {
        "22P02" => true,
        "42601" | "42702" | "42703" | "42803" | "42804" | "42883" | "42P01" | "3F000" => {
            position.is_some()
        }
        _ => false,
    })
}

async fn better(
    session: &mut PostgresSession,
    statement: &Statement,
    error: &Error,
    position: Option<usize>,
) -> Option<String> {
    let reported = failure::reported(error)?;
    let sql = &statement.sql;
    if reported.code() == "22P02" {
        return match types::enumeration(reported.message()) {
            Some((name, value)) => names::labels(session, name, value).await,
            None => types::wrong_text(reported.message()),
        };
    }
    let position = position?;
    match reported.code() {
        _ if failure::is_several(error) => None,
        "42601" => syntax(sql, position),
        _ if sql.len() > LONGEST_READ => None,
        "42804" => types::mismatch(reported.message()),
        "42803" if is_about_grouping(reported) => {
            let lexed = Lexed::of(&lexicon::POSTGRES, sql);
            Some(grouping::hint(&lexed, &place::written_at(position, sql)?))
        }
        "42883" if is_about_operator(reported) => {
            types::operator(reported.message(), sql, position)
        }
        "42883" => {
            let parts = place::names_at(position, sql)?;
            names::function(session, &parts, reported.message()).await
        }
        "42P01" if reported.routine() == Some("errorMissingRTE") && reported.hint().is_none() => {
            Some(names::not_in_from(sql))
        }
        "42P01" if reported.hint().is_none() => {
            names::table(session, &place::names_at(position, sql)?).await
        }
        "42702" => names::ambiguous(session, &place::names_at(position, sql)?, sql).await,
        // The server names columns without their quotes.
        "42703"
            if reported
                .hint()
                .is_none_or(|hint| hint.chars().skip(1).any(char::is_uppercase)) =>
        {
            if place::before(position, sql) == Some('@') {
                return Some(placeholders("@name"));
            }
            names::column(session, &place::names_at(position, sql)?, sql, position).await
        }
        "3F000" => names::schema(session, &place::names_at(position, sql)?).await,
        _ => None,
    }
}

fn syntax(sql: &str, position: usize) -> Option<String> {
    if has_question_marks(sql) {
        return Some(placeholders("question marks"));
    }
    let lexed = Lexed::of(&lexicon::POSTGRES, sql);
    if lexed.has_named_placeholder() {
        return Some(placeholders(":name"));
    }
    if ["%s", "%("]
        .iter()
        .any(|other| place::text_at(position, sql).starts_with(other))
    {
        return Some(placeholders("%s"));
    }
    if let Some(Flaw::Unclosed { end, .. }) = lexed.flaw {
        return Some(format!("End it with {end}."));
    }
    if position > sql.trim_end().chars().count() {
        return Some("The text ends too early; add what is missing at its end.".to_owned());
    }
    lexed.other_syntax(ILIKE).map(str::to_owned)
}

fn placeholders(others: &str) -> String {
    format!("PostgreSQL's placeholders are $1, $2, …, not {others}.")
}

/// A question mark is an operator of PostgreSQL's own, but hardly where a text has that and no `$1`. In a string, a quoted
/// name or a comment it is neither.
fn has_question_marks(sql: &str) -> bool {
    if !sql.contains('?') {
        return false;
    }
    let lexed = Lexed::of(&lexicon::POSTGRES, sql);
    let any = |is: fn(&Token) -> bool| lexed.significant().any(|token| is(&token.token));
    any(is_question_mark)
        && !any(|token| matches!(token, Token::Placeholder(text) if text.starts_with('$')))
}

fn is_question_mark(token: &Token) -> bool {
    match token {
        Token::Question | Token::QuestionAnd | Token::QuestionPipe => true,
        Token::Placeholder(text) => text.starts_with('?'),
        Token::CustomBinaryOperator(text) => text.contains('?'),
        _ => false,
    }
}

/// Of a plain column, and not of an aggregate where none may stand. The second is PostgreSQL 18's.
fn is_about_grouping(reported: &PgDatabaseError) -> bool {
    matches!(
        reported.routine(),
        Some("check_ungrouped_columns_walker" | "substitute_grouped_columns_mutator")
    )
}

/// No function, whose name would stand before a parenthesis.
fn is_about_operator(reported: &PgDatabaseError) -> bool {
    reported.routine() == Some("op_error")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_marks_in_place_of_parameters_are_found() {
        for sql in [
            "SELECT 1 FROM t WHERE a = ?",
            "SELECT 1 FROM t WHERE a=? AND b = 'x'",
            "SELECT 1 FROM t WHERE a IN (?,?)",
            "INSERT INTO t VALUES (?, ?)",
            "SELECT 1 FROM t LIMIT ?;",
            "SELECT '$1', ?",
        ] {
            assert!(has_question_marks(sql), "{sql}");
        }
    }

    #[test]
    fn question_marks_that_stand_for_something_else_are_not() {
        for sql in [
            "SELECT 'really?' FROM",
            r#"SELECT "how many?" FROM"#,
            "SELECT E'it\\'s?' FROM",
            "SELECT $tag$ ? $tag$ FROM",
            "SELECT 1 -- ?\n FROM",
            "SELECT 1 /* ? */ FROM",
            "SELECT 1 FROM t WHERE j ? $1 AND",
            "SELECT 'unclosed ?",
        ] {
            assert!(!has_question_marks(sql), "{sql}");
        }
    }
}
