//! A text as a real lexer reads it: its words, where they stand, and what is never closed.
//!
//! It explains and it refuses early. Nothing here lets a statement through that the database would not.

use domain::query::{Effect, dialect::Flaw, effect::Finding};
use sqlparser::{
    dialect::Dialect,
    tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace},
};

/// A text in tokens, up to the end or to where the lexer could not read on.
#[derive(Debug)]
pub(super) struct Lexed {
    pub(super) tokens: Vec<TokenWithSpan>,
    /// [`Flaw::Unclosed`] or [`Flaw::Unreadable`].
    pub(super) flaw: Option<Flaw>,
}

impl Lexed {
    pub(super) fn of(dialect: &dyn Dialect, sql: &str) -> Self {
        let mut tokens = Vec::new();
        // To the lexer `|/` and `||/` are operators, and the comment behind a bar would be code. A blank in place of the
        // bar keeps every position, and what stands in quotes is not looked at.
        let readable = sql.replace("|/*", " /*");
        let read = Tokenizer::new(dialect, &readable)
            .with_unescape(false)
            .tokenize_with_location_into_buf(&mut tokens);
        // The lexer reports the beginning of some things and the end of others.
        let flaw = read.is_err().then(|| {
            let end = tokens
                .last()
                .map_or(Location::new(1, 1), |last| last.span.end);
            flaw(sql, position(sql, end))
        });
        Self { tokens, flaw }
    }

    /// What is not white space and no comment.
    pub(super) fn significant(&self) -> impl Iterator<Item = &TokenWithSpan> + Clone {
        self.tokens
            .iter()
            .filter(|token| !matches!(token.token, Token::Whitespace(_)))
    }

    /// Where a comment stands that is a hint for an optimizer.
    pub(super) fn optimizer_hint(&self) -> Option<Location> {
        self.tokens
            .iter()
            .find(|token| {
                matches!(&token.token, Token::Whitespace(Whitespace::MultiLineComment(comment))
                    if comment.starts_with('+'))
            })
            .map(|token| token.span.start)
    }

    /// Up to `count` words that the text begins with, in upper case, past white space, comments and opening
    /// parentheses. Stops at the first thing that is neither.
    pub(super) fn leading_words(&self, count: usize) -> Vec<String> {
        self.significant()
            .skip_while(|token| matches!(token.token, Token::LParen))
            .map_while(|token| match &token.token {
                Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
                _ => None,
            })
            .take(count)
            .collect()
    }

    /// The names that stand before a parenthesis, in lower case, and where; but for those of tables and of common table
    /// expressions, which a list of columns follows.
    pub(super) fn called(&self) -> impl Iterator<Item = (String, Location)> {
        let mut previous = None;
        let mut rest = self.significant().peekable();
        std::iter::from_fn(move || {
            loop {
                let token = rest.next()?;
                let before = previous.replace(&token.token);
                let Token::Word(word) = &token.token else {
                    continue;
                };
                if rest.peek().is_none_or(|next| next.token != Token::LParen)
                    || before.is_some_and(names_a_table)
                    || (before == Some(&Token::Comma) && lists_columns_of_a_query(rest.clone()))
                {
                    continue;
                }
                return Some((word.value.to_lowercase(), token.span.start));
            }
        })
    }

    /// The first call of each effect, named in upper case.
    pub(super) fn effects(
        &self,
        sql: &str,
        effect_of: impl Fn(&str) -> Option<Effect>,
    ) -> Vec<Finding> {
        let calls = self
            .called()
            .filter_map(|(name, place)| Some((effect_of(&name)?, (name, place))));
        first_calls(calls, |effect, (name, place)| Finding {
            effect,
            construct: format!("{}()", name.to_uppercase()),
            position: position(sql, place),
        })
    }

    /// Where the first word stands that [`Self::leading_words`] tells, in characters from 1.
    pub(super) fn beginning(&self, sql: &str) -> Option<usize> {
        self.significant()
            .find(|token| !matches!(token.token, Token::LParen))
            .map(|token| position(sql, token.span.start))
    }

    /// Where something follows a semicolon, in characters from 1.
    pub(super) fn second_statement(&self, sql: &str) -> Option<usize> {
        self.significant()
            .skip_while(|token| !matches!(token.token, Token::SemiColon))
            .find(|token| !matches!(token.token, Token::SemiColon))
            .map(|token| position(sql, token.span.start))
    }

    /// What other databases write otherwise: told after a syntax error, when it is likely to be the reason.
    pub(super) fn other_syntax(&self, like: &'static str) -> Option<&'static str> {
        let mut previous = None;
        for token in self.significant().map(|token| &token.token) {
            match (previous, token) {
                (Some("SELECT"), Token::Word(word)) if word.value.eq_ignore_ascii_case("TOP") => {
                    return Some("There is no TOP; write LIMIT and the number at the end.");
                }
                (_, Token::Word(word))
                    if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("ILIKE") =>
                {
                    return Some(like);
                }
                (_, Token::Word(word)) if word.value.eq_ignore_ascii_case("SELECT") => {
                    previous = Some("SELECT");
                }
                _ => previous = None,
            }
        }
        None
    }

    /// Whether there is a `:name`, as other databases' drivers write placeholders.
    pub(super) fn has_named_placeholder(&self) -> bool {
        let mut after_colon = false;
        self.significant().any(|token| {
            let named = after_colon
                && matches!(&token.token, Token::Word(word) if word.quote_style.is_none());
            after_colon = matches!(token.token, Token::Colon);
            named
        })
    }

    /// Why a text without leading words is no statement.
    pub(super) fn wordless(&self, sql: &str) -> Flaw {
        let first = self
            .significant()
            .find(|token| !matches!(token.token, Token::SemiColon));
        match (first, &self.flaw) {
            (Some(first), _) => Flaw::Wordless {
                position: position(sql, first.span.start),
            },
            (None, Some(flaw)) => flaw.clone(),
            (None, None) => Flaw::Empty,
        }
    }
}

/// The first call of each effect: counting characters up to each one would take long in a long text.
pub(super) fn first_calls<C>(
    calls: impl Iterator<Item = (Effect, C)>,
    finding: impl Fn(Effect, C) -> Finding,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (effect, call) in calls {
        if findings.iter().all(|known| known.effect != effect) {
            findings.push(finding(effect, call));
        }
    }
    findings
}

/// Whether a name behind this word is a table's, in every dialect.
fn names_a_table(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none()
        && ["TABLE", "INTO", "WITH", "RECURSIVE", "REFERENCES"]
            .iter()
            .any(|known| word.value.eq_ignore_ascii_case(known)))
}

/// Whether `(a, b) AS (` follows, or `(a, b) AS MATERIALIZED (`: behind a comma that can only be a further common table
/// expression, since no expression has an alias in parentheses.
fn lists_columns_of_a_query<'a>(tokens: impl Iterator<Item = &'a TokenWithSpan>) -> bool {
    let is = |token: &Token, known: &str| {
        matches!(token, Token::Word(word) if word.quote_style.is_none()
            && word.value.eq_ignore_ascii_case(known))
    };
    let mut tokens = tokens.map(|token| &token.token).skip(1).peekable();
    loop {
        let (Some(Token::Word(_)), Some(after)) = (tokens.next(), tokens.next()) else {
            return false;
        };
        match after {
            Token::Comma => {}
            Token::RParen => break,
            _ => return false,
        }
    }
    if !tokens.next().is_some_and(|token| is(token, "AS")) {
        return false;
    }
    tokens.next_if(|token| is(token, "NOT"));
    tokens.next_if(|token| is(token, "MATERIALIZED"));
    tokens.next() == Some(&Token::LParen)
}

/// What stands at a position where the lexer gave up.
fn flaw(sql: &str, position: usize) -> Flaw {
    let rest: String = sql.chars().skip(position - 1).take(3).collect();
    let (what, end) = match rest.trim_start_matches(char::is_alphabetic).chars().next() {
        Some('/') if rest.starts_with("/*") => ("comment", "*/"),
        Some('\'' | '&') => ("string", "'"),
        Some('"') => ("text in double quotes", "\""),
        Some('`') => ("name in backticks", "`"),
        Some('$') => ("dollar-quoted string", "the same $…$"),
        _ => return Flaw::Unreadable { position },
    };
    Flaw::Unclosed {
        what,
        end,
        position,
    }
}

/// The characters before a place in the text, and one.
pub(super) fn position(sql: &str, place: Location) -> usize {
    let before = usize::try_from(place.line.saturating_sub(1)).unwrap_or(usize::MAX);
    let lines: usize = sql
        .split_inclusive('\n')
        .take(before)
        .map(|line| line.chars().count())
        .sum();
    lines + usize::try_from(place.column.max(1)).unwrap_or(1)
}

/// The position of a byte, in characters from 1.
pub(super) fn character(sql: &str, byte: usize) -> usize {
    sql.char_indices().take_while(|(at, _)| *at < byte).count() + 1
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::{MySqlDialect, PostgreSqlDialect};

    use super::*;

    #[test]
    fn comments_and_parentheses_are_passed() {
        let sql = "/* delete */ -- drop\n ((select 1) union select 2)";

        let lexed = Lexed::of(&PostgreSqlDialect {}, sql);

        assert_eq!(lexed.leading_words(1), ["SELECT"]);
    }

    #[test]
    fn a_comment_behind_a_bar_is_one() {
        for sql in ["'a'||/* \" */f(1) -- \"", "1 |/* ' */ f(1) -- '"] {
            let lexed = Lexed::of(&MySqlDialect {}, sql);
            let called: Vec<String> = lexed.called().map(|(name, _)| name).collect();
            assert_eq!(called, ["f"], "{sql}");
        }
    }

    #[test]
    fn what_a_list_of_columns_follows_is_not_called() {
        for (sql, expected) in [
            (
                "WITH a AS (SELECT 1), f (x, `y`) AS (SELECT g(1), 2) SELECT x FROM f",
                &["g"][..],
            ),
            (
                "WITH a(n) AS (SELECT 1), f(x) AS NOT MATERIALIZED (SELECT 2) TABLE f",
                &[],
            ),
            ("SELECT 1, f(x) AS y", &["f"]),
            ("SELECT 1, f('x') AS (y)", &["f"]),
            ("SELECT 1, f(x), g(x) AS a", &["f", "g"]),
            ("SELECT f(x) AS (1)", &["f"]),
            ("SELECT 1, f()", &["f"]),
        ] {
            let lexed = Lexed::of(&MySqlDialect {}, sql);
            let called: Vec<String> = lexed.called().map(|(name, _)| name).collect();
            let called: Vec<&str> = called
                .iter()
                .map(String::as_str)
                .filter(|name| *name != "as" && *name != "materialized")
                .collect();
            assert_eq!(called, expected, "{sql}");
        }
    }

    #[test]
    fn words_before_something_unreadable_are_kept() {
        for sql in [
            "select 'unclosed",
            "select 1 /* unclosed",
            "select \"unclosed",
        ] {
            let lexed = Lexed::of(&MySqlDialect {}, sql);
            assert_eq!(lexed.leading_words(1), ["SELECT"], "{sql}");
        }
    }

    #[test]
    fn a_text_without_words_says_why() {
        let unclosed = |what, end, position| Flaw::Unclosed {
            what,
            end,
            position,
        };
        for (sql, flaw) in [
            ("", Flaw::Empty),
            (" ;\n;", Flaw::Empty),
            ("-- nothing\n/* at all */", Flaw::Empty),
            ("-- é\n 'unclosed", unclosed("string", "'", 7)),
            ("E'unclosed", unclosed("string", "'", 1)),
            ("/* unclosed", unclosed("comment", "*/", 1)),
            ("\"unclosed", unclosed("text in double quotes", "\"", 1)),
            (
                "$a$ unclosed",
                unclosed("dollar-quoted string", "the same $…$", 1),
            ),
            (" 'text'", Flaw::Wordless { position: 2 }),
            ("\n\n12", Flaw::Wordless { position: 3 }),
        ] {
            let lexed = Lexed::of(&PostgreSqlDialect {}, sql);
            assert_eq!(lexed.leading_words(2), Vec::<String>::new(), "{sql}");
            assert_eq!(lexed.wordless(sql), flaw, "{sql}");
        }
    }

    #[test]
    fn what_is_never_closed_is_found_behind_words() {
        for (sql, position) in [
            ("SELECT\n'é', 'x", 13),
            ("SELECT 'it\\'s", 8),
            ("SELECT 1 /* x", 10),
        ] {
            let lexed = Lexed::of(&MySqlDialect {}, sql);
            assert!(
                matches!(lexed.flaw, Some(Flaw::Unclosed { position: found, .. }) if found == position),
                "{sql} {:?}",
                lexed.flaw
            );
        }
    }
}
