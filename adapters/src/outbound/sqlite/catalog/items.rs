//! What is declared between the parentheses of a CREATE TABLE or CREATE INDEX, with the comments behind each.

use super::text::{Kind, Token, closing, on_one_line};

/// One column or constraint.
#[derive(Debug, Default)]
pub(super) struct Item<'sql> {
    /// Without comments.
    pub(super) tokens: Vec<Token<'sql>>,
    /// What a comment behind it on its line says.
    pub(super) comment: Option<String>,
}

/// What a declaration holds, and what stands around it.
#[derive(Debug, Default)]
pub(super) struct Body<'sql> {
    /// A comment on the line of the opening parenthesis.
    pub(super) comment: Option<String>,
    pub(super) items: Vec<Item<'sql>>,
    /// What follows the closing parenthesis, without comments.
    pub(super) after: Vec<Token<'sql>>,
}

impl<'sql> Body<'sql> {
    /// `None` where there are no parentheses, or they are not closed.
    pub(super) fn of(sql: &'sql str, tokens: &[Token<'sql>]) -> Option<Self> {
        let open = tokens.iter().position(|token| token.is("("))?;
        let close = closing(tokens, open)?;
        let mut reader = Reader {
            sql,
            body: Self::default(),
            current: Item::default(),
            last_end: tokens.get(open)?.end(),
            depth: 0,
        };
        for (token, next) in tokens
            .iter()
            .zip(tokens.iter().skip(1))
            .take(close)
            .skip(open + 1)
        {
            reader.take(*token, *next);
        }
        let mut body = reader.finish();
        body.after = tokens
            .get(close + 1..)
            .unwrap_or_default()
            .iter()
            .filter(|token| token.kind != Kind::Comment)
            .copied()
            .collect();
        Some(body)
    }
}

struct Reader<'sql> {
    sql: &'sql str,
    body: Body<'sql>,
    current: Item<'sql>,
    /// Where the last token ends that is no comment.
    last_end: usize,
    depth: usize,
}

impl<'sql> Reader<'sql> {
    fn take(&mut self, token: Token<'sql>, next: Token<'sql>) {
        if token.kind == Kind::Comment {
            self.comment(token, next);
            return;
        }
        self.last_end = token.end();
        if token.is(",") && self.depth == 0 {
            self.body.items.push(std::mem::take(&mut self.current));
            return;
        }
        if token.is("(") {
            self.depth += 1;
        } else if token.is(")") {
            self.depth = self.depth.saturating_sub(1);
        }
        self.current.tokens.push(token);
    }

    /// Only a comment that ends a line on which a single thing is declared is surely about that thing.
    fn comment(&mut self, token: Token<'sql>, next: Token<'sql>) {
        let breaks = |from: usize, to: usize| {
            self.sql
                .get(from..to)
                .is_some_and(|between| between.contains('\n'))
        };
        let ends_line = breaks(token.end(), next.start) || next.is(")");
        if breaks(self.last_end, token.start) || !ends_line {
            return;
        }
        let line = self
            .sql
            .get(..token.start)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |at| at + 1);
        let is_on_line = |item: &Item<'_>| item.tokens.last().is_some_and(|last| last.end() > line);
        let on_line = self
            .body
            .items
            .iter()
            .filter(|item| is_on_line(item))
            .count()
            + usize::from(is_on_line(&self.current));
        let said = said(token.text);
        if on_line > 1 {
            return;
        }
        if !self.current.tokens.is_empty() {
            self.current.comment = self.current.comment.take().or(said);
        } else if let Some(item) = self.body.items.last_mut() {
            item.comment = item.comment.take().or(said);
        } else {
            self.body.comment = said;
        }
    }

    fn finish(mut self) -> Body<'sql> {
        if !self.current.tokens.is_empty() {
            self.body.items.push(self.current);
        }
        self.body
    }
}

/// The words of a comment.
fn said(comment: &str) -> Option<String> {
    let words = match comment.strip_prefix("/*") {
        Some(inside) => inside.strip_suffix("*/").unwrap_or(inside),
        None => comment.trim_start_matches('-'),
    };
    Some(on_one_line(words)).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::text::tokens;
    use super::*;

    /// The comment of the whole, and the first word and the comment of each item.
    fn comments(sql: &str) -> (Option<String>, Vec<(&str, Option<String>)>) {
        let body = Body::of(sql, &tokens(sql)).unwrap();
        let items = body
            .items
            .iter()
            .map(|item| (item.tokens[0].text, item.comment.clone()))
            .collect();
        (body.comment, items)
    }

    #[test]
    fn a_comment_behind_a_column_is_about_it() {
        let sql = "CREATE TABLE t ( -- what is sold\n  id INTEGER, -- the key\n  a INT /* in\n metres */\n, b INT -- last\n)";

        assert_eq!(
            comments(sql),
            (
                Some("what is sold".to_owned()),
                vec![
                    ("id", Some("the key".to_owned())),
                    ("a", Some("in metres".to_owned())),
                    ("b", Some("last".to_owned()))
                ]
            )
        );
    }

    #[test]
    fn a_comment_that_may_be_about_something_else_is_left_out() {
        for sql in [
            "CREATE TABLE t (\n -- the keys\n id INT, b INT)",
            "CREATE TABLE t (id INT, b INT -- both\n)",
            "CREATE TABLE t (id INT, b INT, -- both\n c INT)",
            "CREATE TABLE t (id /* a */ INT, b INT)",
            "CREATE TABLE t (id INT,\n -- b was here\n b INT)",
            "CREATE TABLE t (id INT DEFAULT '-- not one', b INT)",
        ] {
            let (whole, items) = comments(sql);
            assert_eq!(whole, None, "{sql}");
            assert!(
                items.iter().all(|(_, comment)| comment.is_none()),
                "{sql}: {items:?}"
            );
        }
    }

    #[test]
    fn commas_inside_of_parentheses_separate_nothing() {
        let (_, items) = comments("CREATE TABLE t (a DECIMAL(10,2), CHECK (a IN (1, 2)))");

        assert_eq!(items.len(), 2);
    }
}
