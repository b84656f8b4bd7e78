//! Types that do not fit, with a cast to try. Where the server does not speak English, its own words remain.

use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::{
    super::super::{lexer::Lexed, lexicon, sources::keyword},
    has_question_marks, placeholders,
};

const TEXTS: [&str; 4] = ["text", "character varying", "character", "name"];
const INTEGERS: [&str; 3] = ["integer", "bigint", "smallint"];

/// `operator does not exist: integer = text`: which side to cast, as the statement writes it where that can be told.
pub(super) fn operator(message: &str, sql: &str, position: usize) -> Option<String> {
    let (_, types) = message.rsplit_once(": ")?;
    let (left, operator, right) = sides(types)?;
    if operator.contains('?') {
        return Some(match left {
            "jsonb" => "Write the operator of jsonb once: ?, ?| or ?&.".to_owned(),
            "json" => {
                format!("Only jsonb has the operator {operator}: cast the left side with ::jsonb.")
            }
            _ if has_question_marks(sql) => placeholders("question marks"),
            _ => return None,
        });
    }
    if left.starts_with("json") && right != "unknown" && !operator.contains(['>', '<', '#', '@']) {
        return Some(format!(
            "Take the value out as text with ->> and cast it, such as (value ->> 'key')::{right}."
        ));
    }
    if matches!(operator, "+" | "-")
        && (left.starts_with("timestamp") || left.starts_with("time "))
        && INTEGERS.contains(&right)
    {
        return Some(format!(
            "Write the number as an interval, such as {operator} interval '7 days'."
        ));
    }
    let operands = operands(sql, position);
    // Written as it stands there: a message shows LIKE as ~~.
    let sign = match operator {
        "~~" => "LIKE",
        "!~~" => "NOT LIKE",
        "~~*" => "ILIKE",
        "!~~*" => "NOT ILIKE",
        other => other,
    };
    let is_text = |name| TEXTS.contains(&name);
    if (left == "unknown" || right == "unknown") && !sign.ends_with("LIKE") {
        return None;
    }
    let compares = ["=", "<>", "<", ">", "<=", ">="].contains(&sign);
    let is_point = |name: &str| name == "date" || name.starts_with("timestamp");
    if compares && is_point(left) && INTEGERS.contains(&right) {
        let a = operands.0.as_deref().unwrap_or("value");
        return Some(format!(
            "The left side is {left}, the right side {right}: give a date, such as {a} {sign} date '2024-12-31', or compare a part of it, such as extract(year FROM {a}) {sign} 2024."
        ));
    }
    let (Some(a), Some(b)) = operands else {
        return in_words(left, sign, right, operands.0.as_deref());
    };
    let try_this = match (is_text(left), is_text(right)) {
        (true, _) if sign.ends_with("LIKE") => format!("{a} {sign} {b}::text"),
        (false, _) if sign.ends_with("LIKE") => format!("{a}::text {sign} {b}"),
        (true, true) => return None,
        (true, false) if compares => {
            format!("{a} {sign} {b}::text or {a}::{right} {sign} {b}")
        }
        (false, true) if compares => {
            format!("{a}::text {sign} {b} or {a} {sign} {b}::{left}")
        }
        (true, false) => format!("{a}::{right} {sign} {b}"),
        (false, true) => format!("{a} {sign} {b}::{left}"),
        (false, false) if !compares => return None,
        (false, false) if left == "boolean" && INTEGERS.contains(&right) => {
            format!("{a}::integer {sign} {b}")
        }
        (false, false) if right == "boolean" && INTEGERS.contains(&left) => {
            format!("{a} {sign} {b}::integer")
        }
        (false, false) => format!("{a}::text {sign} {b}::text"),
    };
    Some(format!("Cast one side: {try_this}."))
}

/// Where the statement has more than a name or a value on a side.
fn in_words(left: &str, sign: &str, right: &str, a: Option<&str>) -> Option<String> {
    let is_text = |name| TEXTS.contains(&name);
    let compares = ["=", "<>", "<", ">", "<=", ">="].contains(&sign) || sign.ends_with("LIKE");
    // Any type becomes text, and text hardly any.
    let wanted = match (is_text(left), is_text(right)) {
        (true, true) => return None,
        _ if compares => "text",
        (true, false) => right,
        (false, true) => left,
        (false, false) => return None,
    };
    let fits = |name| name == wanted || (wanted == "text" && is_text(name));
    let mut casts = Vec::new();
    if !fits(left) {
        casts.push(match a {
            Some(a) => format!("{a}::{wanted} on the left"),
            None => format!("(…)::{wanted} around what is on the left"),
        });
    }
    if !fits(right) {
        casts.push(format!("(…)::{wanted} around what is on the right"));
    }
    Some(format!(
        "The left side is {left}, the right side {right}: write {}.",
        casts.join(" and ")
    ))
}

/// `integer = text` in its parts.
fn sides(types: &str) -> Option<(&str, &str, &str)> {
    let mut words = types.split(' ').filter(|word| {
        !word.is_empty()
            && word
                .chars()
                .all(|character| "+-*/<>=~!@#%^&|`?".contains(character))
    });
    let operator = words.next()?;
    let (left, right) = types.split_once(&format!(" {operator} "))?;
    Some((left.trim(), operator, right.trim()))
}

/// What stands on both sides of the operator at a position, each if it is one name, one value or one placeholder.
fn operands(sql: &str, position: usize) -> (Option<String>, Option<String>) {
    let lexed = Lexed::of(&lexicon::POSTGRES, sql);
    let tokens: Vec<&TokenWithSpan> = lexed.significant().collect();
    let place = location(sql, position);
    let Some(at) = tokens.iter().position(|token| token.span.start == place) else {
        return (None, None);
    };
    let around = |range: Option<&[&TokenWithSpan]>| -> Vec<Token> {
        let tokens = range.unwrap_or_default().iter();
        tokens.map(|token| token.token.clone()).collect()
    };
    let (before, after) = (around(tokens.get(..at)), around(tokens.get(at + 1..)));
    (on_the_left(&before), on_the_right(&after))
}

/// Whether what stands next to an operand is no part of it.
fn is_edge(token: Option<&Token>) -> bool {
    token.is_none_or(|token| {
        matches!(
            token,
            Token::Word(_) | Token::LParen | Token::RParen | Token::Comma | Token::SemiColon
        )
    })
}

fn written(tokens: &[Token]) -> String {
    tokens.iter().map(ToString::to_string).collect()
}

fn on_the_left(before: &[Token]) -> Option<String> {
    // LIKE stands behind its NOT.
    let before = match before {
        [before @ .., last] if keyword(last, &["NOT"]).is_some() => before,
        before => before,
    };
    let outer = match before {
        [outer @ .., Token::Word(_), Token::Period, Token::Word(_)] => outer,
        [outer @ .., one] if is_operand(one) => outer,
        _ => return None,
    };
    is_edge(outer.last()).then(|| written(before.get(outer.len()..).unwrap_or_default()))
}

fn on_the_right(after: &[Token]) -> Option<String> {
    let further = match after {
        [Token::Word(_), Token::Period, Token::Word(_), further @ ..] => further,
        [one, further @ ..] if is_operand(one) => further,
        _ => return None,
    };
    // A call, not a name.
    let is_whole = is_edge(further.first()) && further.first() != Some(&Token::LParen);
    let end = after.len() - further.len();
    is_whole.then(|| written(after.get(..end).unwrap_or_default()))
}

fn is_operand(token: &Token) -> bool {
    matches!(
        token,
        Token::Word(_) | Token::Number(..) | Token::SingleQuotedString(_) | Token::Placeholder(_)
    )
}

/// The line and column of a position in characters.
fn location(sql: &str, position: usize) -> Location {
    let (mut line, mut column) = (1, 1);
    for character in sql.chars().take(position.saturating_sub(1)) {
        if character == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    Location::new(line, column)
}

/// What 42804 says of two types.
pub(super) fn mismatch(message: &str) -> Option<String> {
    if let Some(both) = message.strip_suffix(" cannot be matched") {
        let (_, both) = both.split_once(" types ")?;
        let (one, other) = both.split_once(" and ")?;
        return Some(if TEXTS.contains(&one) || TEXTS.contains(&other) {
            let wrong = if TEXTS.contains(&one) { other } else { one };
            format!("Make both text: write value::text where the {wrong} stands.")
        } else {
            format!("Make both one type, such as value::{one} where the {other} stands.")
        });
    }
    if let Some((column, expression)) = message.split_once(" but expression is of type ") {
        let (name, wanted) = column.split_once(" is of type ")?;
        return Some(format!(
            "Write (expression)::{wanted} for {name}, where the {expression} stands."
        ));
    }
    let (_, types) = message.split_once(" must be type ")?;
    let (wanted, given) = types.split_once(", not type ")?;
    Some(match (wanted, INTEGERS.contains(&given)) {
        ("boolean", true) => "Compare it, such as value <> 0.".to_owned(),
        ("boolean", false) => {
            "Compare it, such as value IS NOT NULL, or cast it with ::boolean.".to_owned()
        }
        _ => format!("Cast it: value::{wanted}."),
    })
}

/// The type and the value of `invalid input value for enum mood: "happy"`.
pub(super) fn enumeration(message: &str) -> Option<(&str, &str)> {
    let (before, value) = message.split_once(": \"")?;
    let (_, name) = before.split_once(" for enum ")?;
    Some((name, value.strip_suffix('"')?))
}

/// `invalid input syntax for type integer: "abc"`.
pub(super) fn wrong_text(message: &str) -> Option<String> {
    if message.starts_with("malformed array literal") {
        return Some("An array is written ARRAY[1, 2], or as the text '{1,2}'.".to_owned());
    }
    let (before, value) = message.split_once(": \"")?;
    let (_, wanted) = before.split_once(" for type ")?;
    let value = value.strip_suffix('"')?;
    // JSON says in its detail where it is wrong.
    if wanted.starts_with("json") || value.chars().count() > 60 {
        return None;
    }
    Some(format!(
        "'{value}' is text and no {wanted}: give {article} {wanted}, or compare as text, such as column::text = '{value}'.",
        article = if wanted.starts_with(['a', 'e', 'i', 'o']) {
            "an"
        } else {
            "a"
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cast_is_told_as_the_statement_can_write_it() {
        for (types, sql, mark, expected) in [
            (
                "integer = text",
                "SELECT 'é' FROM u\nWHERE u.id = email AND true",
                "=",
                Some("Cast one side: u.id::text = email or u.id = email::integer."),
            ),
            (
                "boolean = integer",
                "SELECT 1 FROM u WHERE flag = 1",
                "=",
                Some("Cast one side: flag::integer = 1."),
            ),
            (
                "integer = text",
                "SELECT 1 FROM u WHERE id + 1 = lower(email)",
                "=",
                Some(
                    "The left side is integer, the right side text: write (…)::text around what is on the left.",
                ),
            ),
            (
                "integer = text",
                "SELECT 1 FROM u WHERE u.id NOT IN (SELECT name FROM v)",
                "IN",
                Some(
                    "The left side is integer, the right side text: write u.id::text on the left.",
                ),
            ),
            (
                "text = integer",
                "SELECT 1 FROM u WHERE name IN (SELECT id FROM v)",
                "IN",
                Some(
                    "The left side is text, the right side integer: write (…)::text around what is on the right.",
                ),
            ),
            (
                "date = integer",
                "SELECT 1 FROM u WHERE born = 2024",
                "=",
                Some(
                    "The left side is date, the right side integer: give a date, such as born = date '2024-12-31', or compare a part of it, such as extract(year FROM born) = 2024.",
                ),
            ),
            (
                "integer ~~ unknown",
                "SELECT 1 FROM u WHERE id LIKE 'a'",
                "LIKE",
                Some("Cast one side: id::text LIKE 'a'."),
            ),
            (
                "text ~~ integer",
                "SELECT 1 FROM u WHERE name NOT LIKE $1",
                "LIKE",
                Some("Cast one side: name LIKE $1::text."),
            ),
            (
                "timestamp with time zone - integer",
                "SELECT now() - 7",
                "-",
                Some("Write the number as an interval, such as - interval '7 days'."),
            ),
            (
                "json ? unknown",
                "SELECT j ? 'a'",
                "?",
                Some("Only jsonb has the operator ?: cast the left side with ::jsonb."),
            ),
            (
                "jsonb ?? unknown",
                "SELECT j ?? 'a'",
                "?",
                Some("Write the operator of jsonb once: ?, ?| or ?&."),
            ),
            (
                "integer =? unknown",
                "SELECT 1 FROM u WHERE id =? 'a'",
                "=",
                Some("PostgreSQL's placeholders are $1, $2, …, not question marks."),
            ),
            (
                "integer + text",
                "SELECT id + email FROM u",
                "+",
                Some("Cast one side: id + email::integer."),
            ),
            ("date + uuid", "SELECT a + b FROM u", "+", None),
            ("- text", "SELECT -email FROM u", "-", None),
        ] {
            let at = sql.find(mark).unwrap();
            let position = sql[..at].chars().count() + 1;
            let message = format!("operator does not exist: {types}");
            assert_eq!(
                operator(&message, sql, position).as_deref(),
                expected,
                "{sql}"
            );
        }
    }

    #[test]
    fn types_that_do_not_match_are_told_with_a_cast() {
        for (message, expected) in [
            (
                "CASE types text and integer cannot be matched",
                "Make both text: write value::text where the integer stands.",
            ),
            (
                "UNION types date and uuid cannot be matched",
                "Make both one type, such as value::date where the uuid stands.",
            ),
            (
                "column \"id\" is of type integer but expression is of type text",
                "Write (expression)::integer for column \"id\", where the text stands.",
            ),
            (
                "argument of WHERE must be type boolean, not type integer",
                "Compare it, such as value <> 0.",
            ),
        ] {
            assert_eq!(mismatch(message).as_deref(), Some(expected));
        }
        assert_eq!(mismatch("row type mismatch"), None);
    }

    #[test]
    fn a_text_that_is_no_value_of_the_type_is_told() {
        assert_eq!(
            wrong_text("invalid input syntax for type integer: \"abc\"").as_deref(),
            Some(
                "'abc' is text and no integer: give an integer, or compare as text, such as column::text = 'abc'."
            )
        );
        assert_eq!(
            enumeration("invalid input value for enum app.mood: \"happy\""),
            Some(("app.mood", "happy"))
        );
    }
}
