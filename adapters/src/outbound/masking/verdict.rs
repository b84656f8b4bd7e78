//! Whether a statement may run where columns are masked.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Reading, Refusal, Relation, Touch,
    roles::{Clause, Roles},
    token::{Kind, Token},
};

/// What may stand between SELECT and its columns.
const OPTIONS: [&str; 10] = [
    "select",
    "all",
    "distinct",
    "high_priority",
    "sql_big_result",
    "sql_buffer_result",
    "sql_cache",
    "sql_calc_found_rows",
    "sql_no_cache",
    "sql_small_result",
];

/// Whether every engine reads a name as it is written: blanks before it may be dropped, and what follows a backslash changed.
fn is_plain_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_alphanumeric() || first == '_')
        && !name.ends_with(char::is_whitespace)
        && !name.contains(|part: char| part == '\\' || part.is_control())
}

/// Judges a statement by the relations with masked columns that it may name.
pub(in super::super) fn judge(
    tokens: &[Token],
    relations: &[Relation],
    reading: Reading,
) -> Result<Touch, Refusal> {
    let named = |relation: &&Relation| {
        tokens.iter().any(|token| {
            token.text == relation.name
                && (token.is_name() || (reading.strings_are_names && token.kind == Kind::Text))
        })
    };
    let relations: Vec<Relation> = relations.iter().filter(named).cloned().collect();
    if relations.is_empty() {
        return Ok(Touch::Nothing);
    }
    // What is explained is judged like what is run.
    let begins = tokens
        .iter()
        .position(|token| token.is_one_of(&["select", "with", "table", "values"]))
        .unwrap_or(0);
    let shift = |mut refusal: Refusal| {
        refusal.token += begins;
        refusal
    };
    let tokens = tokens.get(begins..).unwrap_or_default();
    let roles = Roles::of(tokens, &relations, reading.strings_are_names).map_err(shift)?;
    let verdict = Verdict {
        tokens,
        masked: masked(&relations),
        relations: &relations,
        reading,
        roles,
        allowed: BTreeSet::new(),
        shown: BTreeMap::new(),
        shows_star: false,
    };
    verdict.reached().map_err(shift)
}

fn masked(relations: &[Relation]) -> BTreeSet<String> {
    relations
        .iter()
        .flat_map(|relation| &relation.columns)
        .filter(|(_, mask)| mask.is_some())
        .map(|(name, _)| name.clone())
        .collect()
}

struct Verdict<'a> {
    tokens: &'a [Token],
    relations: &'a [Relation],
    reading: Reading,
    roles: Roles,
    /// Names of masked columns, and what masked columns of the result are called.
    masked: BTreeSet<String>,
    /// Tokens that stand where masked columns may.
    allowed: BTreeSet<usize>,
    /// Places of masked columns in the list, and their names.
    shown: BTreeMap<usize, String>,
    shows_star: bool,
}

impl Verdict<'_> {
    fn reached(mut self) -> Result<Touch, Refusal> {
        self.take_items();
        let shows = !self.shown.is_empty() || self.shows_star;
        for (at, token) in self.tokens.iter().enumerate() {
            self.names(at, token)?;
            self.star(at, token)?;
            if shows {
                self.order(at, token)?;
            }
        }
        if shows && self.roles.unites {
            return Err(Refusal::of(
                0,
                "UNION, INTERSECT and EXCEPT hide which columns are masked.",
            ));
        }
        if shows && let Some(at) = self.distinct() {
            return Err(Refusal::of(at, "DISTINCT compares masked columns."));
        }
        Ok(Touch::Allowed {
            shown: self.shown,
            star: self.shows_star,
        })
    }

    /// Where the outermost query says that its rows are distinct.
    fn distinct(&self) -> Option<usize> {
        self.tokens.windows(2).enumerate().find_map(|(at, pair)| {
            let [select, distinct] = pair else {
                return None;
            };
            let outermost = self.roles.of.get(at).is_some_and(|role| role.depth == 0);
            (outermost
                && select.is_word("select")
                && distinct.is_one_of(&["distinct", "distinctrow"]))
            .then_some(at + 1)
        })
    }

    /// Finds the masked columns and stars that stand by themselves in the outermost list.
    fn take_items(&mut self) {
        let in_items = |at: &usize| {
            self.roles
                .of
                .get(*at)
                .is_some_and(|role| role.depth == 0 && role.clause == Clause::Items)
        };
        let is =
            |at: usize, sign: &str| self.tokens.get(at).is_some_and(|token| token.is_sign(sign));
        let listed: Vec<usize> = (0..self.tokens.len()).filter(in_items).collect();
        let mut items: Vec<Vec<usize>> = Vec::new();
        let mut last = None;
        for at in listed {
            let goes_on =
                last.is_some_and(|last: usize| last + 1 == at || self.is_nested(last, at));
            if is(at, ",") || !goes_on {
                items.push(Vec::new());
            }
            if !is(at, ",")
                && let Some(item) = items.last_mut()
            {
                // What stands in parentheses between the two is no part of the list, but makes an expression of the item.
                item.push(at);
                if last.is_some_and(|last| last + 1 != at) && goes_on {
                    item.push(at);
                }
            }
            last = Some(at);
        }
        if self
            .tokens
            .first()
            .is_some_and(|token| token.is_word("table"))
        {
            self.shows_star = true;
        }
        for (place, item) in items.iter().enumerate() {
            self.take_item(place, item);
        }
    }

    /// Whether only parentheses lie between two tokens of a list.
    fn is_nested(&self, from: usize, to: usize) -> bool {
        (from + 1..to).all(|at| self.roles.of.get(at).is_some_and(|role| role.depth > 0))
    }

    fn take_item(&mut self, place: usize, item: &[usize]) {
        let mut rest = item;
        let word = |at: Option<&usize>| at.and_then(|at| self.tokens.get(*at));
        while word(rest.first()).is_some_and(|token| token.is_one_of(&OPTIONS)) {
            rest = rest.get(1..).unwrap_or_default();
        }
        let is_name = |at: usize| {
            self.tokens.get(at).is_some_and(|token| {
                token.is_name() || (self.reading.strings_are_names && token.kind == Kind::Text)
            })
        };
        let is =
            |at: usize, sign: &str| self.tokens.get(at).is_some_and(|token| token.is_sign(sign));
        let mut path = 0;
        loop {
            match rest.get(path) {
                Some(at) if is_name(*at) => {}
                Some(at) if is(*at, "*") && path + 1 == rest.len() => {
                    self.shows_star = true;
                    self.allowed.insert(*at);
                    return;
                }
                _ => return,
            }
            match rest.get(path + 1) {
                Some(at) if is(*at, ".") => path += 2,
                _ => break,
            }
        }
        let Some(column) = rest.get(path).copied() else {
            return;
        };
        let Some(name) = self.tokens.get(column) else {
            return;
        };
        if !self.masked.contains(&name.text) {
            return;
        }
        let behind = rest.get(path + 1..).unwrap_or_default();
        let alias = match behind {
            [] => None,
            [alias] if is_name(*alias) || self.is_text(*alias) => Some(*alias),
            [word, alias]
                if self
                    .tokens
                    .get(*word)
                    .is_some_and(|token| token.is_word("as"))
                    && (is_name(*alias) || self.is_text(*alias)) =>
            {
                Some(*alias)
            }
            _ => return,
        };
        let is_plain = |at: &usize| {
            self.tokens
                .get(*at)
                .is_some_and(|token| is_plain_name(&token.text))
        };
        if !alias.as_ref().is_none_or(is_plain) {
            return;
        }
        self.allowed.insert(column);
        self.shown.insert(place, name.text.clone());
        if let Some(alias) = alias {
            self.allowed.insert(alias);
            if let Some(token) = self.tokens.get(alias) {
                self.masked.insert(token.text.clone());
            }
        }
    }

    fn is_text(&self, at: usize) -> bool {
        self.tokens
            .get(at)
            .is_some_and(|token| token.kind == Kind::Text)
    }

    fn is_sign(&self, at: Option<usize>, sign: &str) -> bool {
        at.and_then(|at| self.tokens.get(at))
            .is_some_and(|token| token.is_sign(sign))
    }

    /// A name that could be a masked column's or a whole row's.
    fn names(&self, at: usize, token: &Token) -> Result<(), Refusal> {
        let is_name =
            token.is_name() || (self.reading.strings_are_names && token.kind == Kind::Text);
        let is_source = self.roles.of.get(at).is_some_and(|role| role.is_source);
        if !is_name || is_source {
            return Ok(());
        }
        if self.masked.contains(&token.text) && !self.allowed.contains(&at) {
            return Err(Refusal::column(at, &token.text));
        }
        let is_row = self.roles.called.contains(&token.text)
            || self
                .relations
                .iter()
                .any(|relation| relation.name == token.text);
        if !self.reading.whole_rows || !is_row || self.allowed.contains(&at) {
            return Ok(());
        }
        let behind_point = self.is_sign(at.checked_sub(1), ".");
        if self.is_sign(Some(at + 1), ".") {
            let Some(next) = self.tokens.get(at + 2) else {
                return Ok(());
            };
            let known = self
                .relations
                .iter()
                .any(|relation| relation.columns.contains_key(&next.text));
            let is_schema = self.roles.of.get(at + 2).is_some_and(|role| role.is_source);
            if next.is_name() && !known && !is_schema {
                return Err(Refusal::of(
                    at + 2,
                    format!("{} is no column of a table with masked columns.", next.text),
                ));
            }
            return Ok(());
        }
        if behind_point {
            return Ok(());
        }
        Err(Refusal::of(
            at,
            format!(
                "{} stands here for a whole row, masked columns too.",
                token.text
            ),
        ))
    }

    /// A star that stands for columns, and not for a product or for the rows that are counted.
    fn star(&self, at: usize, token: &Token) -> Result<(), Refusal> {
        let role = self.roles.of.get(at).copied().unwrap_or_default();
        // `.*` may be one token.
        if !(token.kind == Kind::Sign && token.text.ends_with('*'))
            || self.allowed.contains(&at)
            || role.is_source
        {
            return Ok(());
        }
        let before = at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let after = self.tokens.get(at + 1);
        let opens = before.is_some_and(|token| token.is_sign("("));
        let closes = after.is_some_and(|token| token.is_sign(")"));
        if opens && closes {
            return Ok(());
        }
        let begins = before.is_none_or(|token| {
            token.is_one_of(&["select", "all", "distinct"])
                || [",", ".", "("].iter().any(|sign| token.is_sign(sign))
        });
        let ends = after.is_none_or(|token| {
            token.is_one_of(&[
                "from",
                "where",
                "union",
                "intersect",
                "except",
                "minus",
                "order",
                "group",
                "limit",
                "into",
                "having",
                "offset",
                "fetch",
                "for",
                "window",
            ]) || [",", ")", ";"].iter().any(|sign| token.is_sign(sign))
        });
        if begins || ends || token.text != "*" {
            return Err(Refusal::of(
                at,
                "A star stands here for all columns, masked ones too.",
            ));
        }
        Ok(())
    }

    /// A number in ORDER BY or GROUP BY stands for a column of the result.
    fn order(&self, at: usize, token: &Token) -> Result<(), Refusal> {
        let role = self.roles.of.get(at).copied().unwrap_or_default();
        let counts = role.depth == 0 && role.clause == Clause::By;
        if counts && matches!(token.kind, Kind::Number | Kind::Parameter)
            || self.in_order(at, token)
        {
            return Err(Refusal::of(
                at,
                "A number may stand here for a masked column; ORDER BY and GROUP BY name theirs.",
            ));
        }
        Ok(())
    }

    /// In parentheses that stand in ORDER BY or GROUP BY.
    fn in_order(&self, at: usize, token: &Token) -> bool {
        if !matches!(token.kind, Kind::Number | Kind::Parameter) {
            return false;
        }
        let outermost = (0..at).rev().find(|before| {
            self.roles
                .of
                .get(*before)
                .is_some_and(|role| role.depth == 0)
        });
        outermost
            .and_then(|before| self.roles.of.get(before))
            .is_some_and(|role| role.clause == Clause::By)
    }
}
