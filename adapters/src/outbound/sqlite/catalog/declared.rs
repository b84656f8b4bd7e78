//! What a declaration says that no pragma tells.

use super::{
    facts::{ForeignKey, Table},
    items::{Body, Item},
    text::{Kind, Token, inside, on_one_line, tokens},
};

/// A CREATE TABLE.
#[derive(Debug, Default)]
pub(super) struct DeclaredTable {
    pub(super) comment: Option<String>,
    pub(super) columns: Vec<DeclaredColumn>,
    /// Name and expression.
    pub(super) checks: Vec<(String, String)>,
    /// In order, as `SQLite` counts its foreign keys from the last one back.
    pub(super) references: Vec<DeclaredReference>,
    /// Those with a name, and their columns.
    pub(super) uniques: Vec<(String, Vec<String>)>,
    pub(super) without_rowid: bool,
    pub(super) strict: bool,
    pub(super) autoincrement: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct DeclaredColumn {
    pub(super) name: String,
    pub(super) comment: Option<String>,
    pub(super) collation: Option<String>,
    pub(super) generated: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct DeclaredReference {
    /// Empty if it has none.
    pub(super) name: String,
    pub(super) deferred: bool,
}

/// The words that a constraint of a table begins with; no column has such a name without quotes.
const CONSTRAINTS: [&str; 5] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];

impl DeclaredTable {
    pub(super) fn of(sql: &str) -> Self {
        let tokens = tokens(sql);
        let Some(body) = Body::of(sql, &tokens) else {
            return Self::default();
        };
        let mut declared = Self {
            without_rowid: body
                .after
                .windows(2)
                .any(|pair| matches!(pair, [a, b] if a.is("WITHOUT") && b.is("ROWID"))),
            strict: body.after.iter().any(|token| token.is("STRICT")),
            autoincrement: body
                .items
                .iter()
                .flat_map(|item| &item.tokens)
                .any(|token| token.is("AUTOINCREMENT")),
            comment: body.comment,
            ..Self::default()
        };
        for item in &body.items {
            declared.item(sql, item);
        }
        declared
    }

    /// What is said of a column.
    pub(super) fn column(&self, name: &str) -> Option<&DeclaredColumn> {
        self.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The name of a foreign key and whether it is deferred. `SQLite` counts its keys from the last one back.
    pub(super) fn reference(&self, table: &Table, key: &ForeignKey) -> Option<(&str, bool)> {
        let count = table.foreign_keys.len();
        let place = count.checked_sub(usize::try_from(key.id).ok()? + 1)?;
        // With another number of them, it would be told of the wrong one.
        let reference = self
            .references
            .get(place)
            .filter(|_| self.references.len() == count)?;
        Some((&reference.name, reference.deferred))
    }

    fn item(&mut self, sql: &str, item: &Item<'_>) {
        let Some(first) = item.tokens.first() else {
            return;
        };
        let is_column = !CONSTRAINTS.iter().any(|word| first.is(word));
        let mut column = DeclaredColumn::default();
        if is_column {
            column.name = first.name();
            column.comment.clone_from(&item.comment);
        }
        // `CONSTRAINT name` goes before what it names.
        let mut named = String::new();
        let mut index = usize::from(is_column);
        while let Some(token) = item.tokens.get(index) {
            let next = item.tokens.get(index + 1);
            if token.is("(") {
                index = super::text::closing(&item.tokens, index).unwrap_or(item.tokens.len());
            } else if token.is("CONSTRAINT") {
                named = next.map(Token::name).unwrap_or_default();
                index += 1;
            } else if token.is("CHECK") {
                let expression = inside(sql, &item.tokens, index + 1).unwrap_or_default();
                self.checks
                    .push((std::mem::take(&mut named), expression.to_owned()));
            } else if token.is("UNIQUE") {
                let columns = if is_column {
                    vec![column.name.clone()]
                } else {
                    listed(&item.tokens, index + 1)
                };
                if !named.is_empty() {
                    self.uniques.push((std::mem::take(&mut named), columns));
                }
            } else if token.is("REFERENCES") {
                self.references.push(DeclaredReference {
                    name: std::mem::take(&mut named),
                    deferred: false,
                });
                // The parent may have a name that is a keyword here.
                index += 1;
            } else if token.is("INITIALLY") && next.is_some_and(|next| next.is("DEFERRED")) {
                let not = index >= 2
                    && item
                        .tokens
                        .get(index - 2)
                        .is_some_and(|token| token.is("NOT"));
                if let Some(reference) = self.references.last_mut() {
                    reference.deferred = !not;
                }
            } else if token.is("COLLATE") {
                column.collation = next.map(Token::name);
                index += 1;
            } else if token.is("AS") && next.is_some_and(|next| next.is("(")) {
                column.generated = inside(sql, &item.tokens, index + 1).map(str::to_owned);
            } else if token.is("PRIMARY") || token.is("NOT") || token.is("DEFAULT") {
                named.clear();
            }
            index += 1;
        }
        if is_column {
            self.columns.push(column);
        }
    }
}

/// The names in the parentheses at `open`.
fn listed(tokens: &[Token<'_>], open: usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut begins = true;
    for token in tokens.iter().skip(open + 1) {
        if token.is(")") {
            break;
        }
        if begins {
            names.push(token.name());
        }
        begins = token.is(",");
    }
    names
}

/// A CREATE INDEX: what is indexed, as it is written, and the condition of a partial one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct DeclaredIndex {
    pub(super) items: Vec<String>,
    pub(super) predicate: Option<String>,
}

impl DeclaredIndex {
    pub(super) fn of(sql: &str) -> Self {
        let tokens = tokens(sql);
        let Some(body) = Body::of(sql, &tokens) else {
            return Self::default();
        };
        let written = |tokens: &[Token<'_>]| {
            let (first, last) = (tokens.first()?, tokens.last()?);
            sql.get(first.start..last.end()).map(on_one_line)
        };
        Self {
            items: body
                .items
                .iter()
                .map(|item| written(&item.tokens).unwrap_or_default())
                .collect(),
            predicate: match body.after.split_first() {
                Some((first, condition)) if first.is("WHERE") => written(condition),
                _ => None,
            },
        }
    }
}

/// When a trigger fires, and what it does then.
pub(super) fn trigger(sql: &str) -> (String, String) {
    let tokens = without_comments(sql);
    // CREATE TRIGGER name: the name may be a keyword.
    let begins = 3 + if tokens.get(2).is_some_and(|token| token.is("IF")) {
        3
    } else {
        0
    };
    let rest = tokens.get(begins..).unwrap_or_default();
    let on = rest
        .iter()
        .position(|token| token.is("ON"))
        .unwrap_or(rest.len());
    let event = rest
        .get(..on)
        .and_then(|words| sql.get(words.first()?.start..words.last()?.end()))
        .map(on_one_line)
        .unwrap_or_default();
    let is_timed = rest.first().is_some_and(|first| {
        ["BEFORE", "AFTER", "INSTEAD"]
            .iter()
            .any(|word| first.is(word))
    });
    let event = if is_timed {
        event
    } else {
        format!("BEFORE {event}")
    };
    let action = rest
        .iter()
        .skip(on + 2)
        .find(|token| token.is("WHEN") || token.is("BEGIN"))
        .and_then(|token| sql.get(token.start..));
    (event, action.unwrap_or(sql).trim().to_owned())
}

/// The query of a view.
pub(super) fn view(sql: &str) -> &str {
    let tokens = without_comments(sql);
    tokens
        .iter()
        .skip(3)
        .find(|token| token.is("AS"))
        .and_then(|token| sql.get(token.end()..))
        .unwrap_or(sql)
        .trim()
}

/// The module of a virtual table; `None` for any other table.
pub(super) fn module(sql: &str) -> Option<String> {
    let tokens = without_comments(sql);
    if !tokens.get(1)?.is("VIRTUAL") {
        return None;
    }
    let using = tokens.iter().skip(3).position(|token| token.is("USING"))? + 3;
    tokens.get(using + 1).map(Token::name)
}

fn without_comments(sql: &str) -> Vec<Token<'_>> {
    tokens(sql)
        .into_iter()
        .filter(|token| token.kind != Kind::Comment)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_read_wherever_they_stand() {
        let declared = DeclaredTable::of(
            "CREATE TABLE t (a INT CONSTRAINT positive CHECK (a > 0) CHECK (a <> ')'), \
             \"check\" TEXT DEFAULT ('CHECK (1)'), CONSTRAINT both CHECK (a < length(\"check\")) CHECK (1))",
        );

        assert_eq!(
            declared.checks,
            [
                ("positive".to_owned(), "a > 0".to_owned()),
                (String::new(), "a <> ')'".to_owned()),
                ("both".to_owned(), "a < length(\"check\")".to_owned()),
                (String::new(), "1".to_owned()),
            ]
        );
    }

    #[test]
    fn foreign_keys_have_their_names_and_deferral() {
        let declared = DeclaredTable::of(
            "CREATE TABLE t (a REFERENCES p DEFERRABLE INITIALLY DEFERRED, b CONSTRAINT fk_b REFERENCES p(x) NOT \
             DEFERRABLE INITIALLY DEFERRED, CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES p (x, y) ON DELETE SET NULL)",
        );

        let told: Vec<_> = declared
            .references
            .iter()
            .map(|reference| (reference.name.as_str(), reference.deferred))
            .collect();
        assert_eq!(told, [("", true), ("fk_b", false), ("fk", false)]);
    }

    #[test]
    fn options_stand_behind_the_columns() {
        let declared = |sql| {
            let table = DeclaredTable::of(sql);
            (table.without_rowid, table.strict, table.autoincrement)
        };
        assert_eq!(
            declared("CREATE TABLE t (a INT PRIMARY KEY) STRICT, without /**/ rowid"),
            (true, true, false)
        );
        assert_eq!(
            declared("CREATE TABLE strict (\"AUTOINCREMENT\" INT, b DEFAULT 'STRICT')"),
            (false, false, false)
        );
        assert_eq!(
            declared("CREATE TABLE t (a INTEGER, PRIMARY KEY (a AUTOINCREMENT))"),
            (false, false, true)
        );
    }

    #[test]
    fn a_column_tells_its_collation_and_what_it_is_made_of() {
        let declared = DeclaredTable::of(
            "CREATE TABLE t (a TEXT COLLATE nocase, [b c] AS (a || ')') STORED, d INT GENERATED ALWAYS AS (1))",
        );

        let told: Vec<_> = declared
            .columns
            .iter()
            .map(|column| {
                (
                    column.name.as_str(),
                    column.collation.as_deref(),
                    column.generated.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("a", Some("nocase"), None),
                ("b c", None, Some("a || ')'")),
                ("d", None, Some("1"))
            ]
        );
    }

    #[test]
    fn named_unique_constraints_have_their_columns() {
        let declared = DeclaredTable::of(
            "CREATE TABLE t (a CONSTRAINT one UNIQUE, b UNIQUE, CONSTRAINT two UNIQUE (a COLLATE nocase, \"b\"))",
        );

        assert_eq!(
            declared.uniques,
            [
                ("one".to_owned(), vec!["a".to_owned()]),
                ("two".to_owned(), vec!["a".to_owned(), "b".to_owned()])
            ]
        );
    }

    #[test]
    fn an_index_tells_what_it_indexes_and_when() {
        assert_eq!(
            DeclaredIndex::of(
                "CREATE INDEX \"i(\" ON t (a DESC, lower( b )) WHERE a > 1 AND b <> ''"
            ),
            DeclaredIndex {
                items: vec!["a DESC".to_owned(), "lower( b )".to_owned()],
                predicate: Some("a > 1 AND b <> ''".to_owned()),
            }
        );
    }

    #[test]
    fn a_trigger_tells_when_and_what() {
        for (sql, event, action) in [
            (
                "CREATE TRIGGER t AFTER UPDATE OF a, \"on\" ON x WHEN new.a BEGIN SELECT 1; END",
                "AFTER UPDATE OF a, \"on\"",
                "WHEN new.a BEGIN SELECT 1; END",
            ),
            (
                "CREATE TRIGGER before DELETE ON \"begin\" FOR EACH ROW BEGIN SELECT 1; END",
                "BEFORE DELETE",
                "BEGIN SELECT 1; END",
            ),
            (
                "CREATE TRIGGER t INSTEAD OF\n INSERT ON v BEGIN SELECT 1; END",
                "INSTEAD OF INSERT",
                "BEGIN SELECT 1; END",
            ),
        ] {
            assert_eq!(trigger(sql), (event.to_owned(), action.to_owned()), "{sql}");
        }
    }

    #[test]
    fn a_view_is_its_query_and_a_virtual_table_its_module() {
        assert_eq!(
            view("CREATE VIEW \"as\" (a) AS SELECT 1 AS a"),
            "SELECT 1 AS a"
        );
        assert_eq!(
            module("CREATE VIRTUAL TABLE \"using\" USING fts5(a)").as_deref(),
            Some("fts5")
        );
        assert_eq!(module("CREATE TABLE virtual (using)"), None);
    }
}
