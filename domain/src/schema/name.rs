//! A table's name as a caller writes it, and which table it means.

use std::borrow::Cow;

use super::snapshot::{Relation, RelationId, Snapshot};
use crate::{Failure, nearest::nearest};

/// `orders`, `sales.orders`, `"Order Items"`, `` `shop`.`orders` ``, `[dbo].[orders]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    schema: Option<Part>,
    name: Part,
    /// The text itself, where it has dots and no quotes: a table may be called just so.
    whole: Option<Part>,
}

/// A part between dots. One in quotes means exactly what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    text: String,
    quoted: bool,
}

/// How many other names a failure tells.
const TOLD: usize = 5;

impl TableName {
    /// Reads a name of one or two parts. The quotes of every engine are understood on each of them.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let unreadable = || {
            Failure::invalid_argument(format!("`{text}` is not a table's name."))
                .with_hint("Write `table` or `schema.table`; a name with a dot or a space in it stands in double quotes.")
        };
        let mut parts = parts(text.trim()).ok_or_else(unreadable)?;
        let name = parts.pop().ok_or_else(unreadable)?;
        let schema = parts.pop();
        if !parts.is_empty() {
            // PostgreSQL and SQL Server allow a database in front; there is no other than this one.
            return Err(unreadable());
        }
        let whole = schema
            .as_ref()
            .filter(|schema| !schema.quoted && !name.quoted)
            .map(|_| Part {
                text: text.trim().to_owned(),
                quoted: false,
            });
        Ok(Self {
            schema,
            name,
            whole,
        })
    }

    /// The schema as it was written, without quotes.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_ref().map(|schema| schema.text.as_str())
    }

    /// The name without its schema and without quotes.
    pub fn name(&self) -> &str {
        &self.name.text
    }

    /// The relation that is meant, as an engine would resolve it: the search path first, the exact spelling before
    /// another letter case. A table in a schema off the path is found too, if its name is unique.
    pub fn resolve(&self, snapshot: &Snapshot) -> Result<RelationId, Failure> {
        for exactly in [true, false] {
            let found: Vec<(RelationId, &Relation)> = snapshot
                .ids()
                .filter(|(_, relation)| self.means(relation, exactly))
                .collect();
            if let [(only, _)] = found.as_slice() {
                return Ok(*only);
            }
            for schema in &snapshot.search_path {
                let mut on_path = found
                    .iter()
                    .filter(|(_, relation)| relation.schema == *schema);
                if let (Some((id, _)), None) = (on_path.next(), on_path.next()) {
                    return Ok(*id);
                }
            }
            if !found.is_empty() {
                return Err(self.ambiguous(found.iter().map(|(_, relation)| *relation)));
            }
        }
        if let Some(whole) = &self.whole {
            let whole = Self {
                schema: None,
                name: whole.clone(),
                whole: None,
            };
            if let Ok(id) = whole.resolve(snapshot) {
                return Ok(id);
            }
        }
        Err(self.unknown(snapshot))
    }

    fn means(&self, relation: &Relation, exactly: bool) -> bool {
        self.name.means(&relation.name, exactly)
            && self
                .schema
                .as_ref()
                .is_none_or(|schema| schema.means(&relation.schema, exactly))
    }

    fn ambiguous<'a>(&self, found: impl Iterator<Item = &'a Relation>) -> Failure {
        let names: Vec<String> = found.take(TOLD).map(written).collect();
        Failure::invalid_argument(format!("`{self}` is more than one table."))
            .with_hint(format!("Name one of: {}.", names.join(", ")))
    }

    fn unknown(&self, snapshot: &Snapshot) -> Failure {
        let failure =
            Failure::invalid_argument(snapshot.there_is_no(&format!("table or view `{self}`")));
        if let Some(schema) = &self.schema
            && !snapshot.schemas.iter().any(|known| {
                [true, false]
                    .iter()
                    .any(|exactly| schema.means(&known.name, *exactly))
            })
        {
            return failure.with_hint(format!(
                "{} {}",
                snapshot.there_is_no(&format!("schema `{}`", schema.text)),
                snapshot.schemas_instead_of(&schema.text)
            ));
        }
        let is_named = |relation: &Relation| {
            self.schema.as_ref().is_some_and(|schema| {
                [true, false]
                    .iter()
                    .any(|exactly| schema.means(&relation.schema, *exactly))
            })
        };
        let relations = || snapshot.relations.iter();
        let meant = nearest(
            &self.name.text,
            relations()
                .filter(|relation| is_named(relation))
                .map(|relation| &*relation.name),
        )
        .or_else(|| nearest(&self.name.text, relations().map(|relation| &*relation.name)));
        match meant {
            Some(meant) => {
                let mut found: Vec<&Relation> = relations()
                    .filter(|relation| &*relation.name == meant)
                    .collect();
                // Where it was looked for, then where it would be looked for.
                let path = &snapshot.search_path;
                found.sort_by_key(|relation| {
                    let place = path.iter().position(|schema| *schema == relation.schema);
                    (!is_named(relation), place.unwrap_or(path.len()))
                });
                let told: Vec<String> = found.into_iter().take(TOLD).map(written).collect();
                failure.with_hint(format!("Did you mean {}?", told.join(" or ")))
            }
            None => failure.with_hint("search_schema finds tables by parts of their names."),
        }
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(schema) = &self.schema {
            write!(formatter, "{}.", schema.text)?;
        }
        formatter.write_str(&self.name.text)
    }
}

impl Part {
    fn means(&self, name: &str, exactly: bool) -> bool {
        if exactly {
            self.text == name
        } else {
            !self.quoted && self.text.to_lowercase() == name.to_lowercase()
        }
    }
}

/// A name alone, as of a schema, without the quotes around it, if they are around it.
pub fn unquoted(name: &str) -> Cow<'_, str> {
    let name = name.trim();
    match parts(name).as_deref() {
        Some([part]) if part.quoted => Cow::Owned(part.text.clone()),
        _ => Cow::Borrowed(name),
    }
}

/// So that it means the same when it is sent back.
fn written(relation: &Relation) -> String {
    format!("`{}.{}`", part(&relation.schema), part(&relation.name))
}

/// In double quotes, which are understood on every engine, where a bare name would be read as something else.
fn part(name: &str) -> Cow<'_, str> {
    let is_plain = !name.is_empty()
        && name.trim() == name
        && !name.contains('.')
        && !name.starts_with(['"', '`', '[']);
    if is_plain {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("\"{}\"", name.replace('"', "\"\"")))
    }
}

/// The parts between dots; `None` where a quote is not closed, or something stands behind one or between two dots.
fn parts(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let first = rest.chars().next()?;
        let end = match first {
            '"' => Some('"'),
            '`' => Some('`'),
            '[' => Some(']'),
            _ => None,
        };
        let (part, after) = if let Some(end) = end {
            quoted(rest.get(first.len_utf8()..)?, end)?
        } else {
            let (part, after) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
            (part.trim_end().to_owned(), after)
        };
        if part.is_empty() {
            return None;
        }
        parts.push(Part {
            text: part,
            quoted: end.is_some(),
        });
        if after.is_empty() {
            return Some(parts);
        }
        rest = after.trim_start().strip_prefix('.')?.trim_start();
    }
}

/// What stands before the closing quote, which is doubled where it belongs to the name; and what follows it.
fn quoted(text: &str, end: char) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let at = rest.find(end)?;
        name.push_str(rest.get(..at)?);
        rest = rest.get(at + end.len_utf8()..)?;
        if let Some(more) = rest.strip_prefix(end) {
            name.push(end);
            rest = more;
        } else {
            return Some((name, rest));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::schema::snapshot::{Namespace, RelationKind};

    fn snapshot(path: &[&str], names: &[(&str, &str)]) -> Snapshot {
        let mut schemas: Vec<Namespace> = Vec::new();
        for (schema, _) in names {
            if !schemas.iter().any(|known| &*known.name == *schema) {
                schemas.push(Namespace {
                    name: Arc::from(*schema),
                    comment: None,
                });
            }
        }
        Snapshot {
            search_path: path.iter().map(|schema| Arc::from(*schema)).collect(),
            schemas,
            relations: names
                .iter()
                .map(|(schema, name)| Relation {
                    schema: Arc::from(*schema),
                    name: Arc::from(*name),
                    kind: RelationKind::Table,
                    comment: None,
                    estimated_rows: None,
                    partitions: 0,
                    columns: Vec::new(),
                    keys: Vec::new(),
                })
                .collect(),
            ..Snapshot::default()
        }
    }

    fn resolved(snapshot: &Snapshot, text: &str) -> Result<(String, String), Failure> {
        let id = TableName::parse(text)?.resolve(snapshot)?;
        let relation = snapshot.relation(id).unwrap();
        Ok((relation.schema.to_string(), relation.name.to_string()))
    }

    #[test]
    fn a_name_resolves_as_an_engine_would_resolve_it() {
        let snapshot = snapshot(
            &["app", "public"],
            &[
                ("public", "orders"),
                ("app", "orders"),
                ("archive", "orders"),
                ("archive", "Old Orders"),
                ("public", "Users"),
                ("public", "users"),
                ("audit", "Log.Entry"),
            ],
        );
        for (text, schema, name) in [
            ("orders", "app", "orders"),
            ("ORDERS", "app", "orders"),
            ("public.orders", "public", "orders"),
            ("Archive.Orders", "archive", "orders"),
            ("\"Old Orders\"", "archive", "Old Orders"),
            ("old orders", "archive", "Old Orders"),
            ("Users", "public", "Users"),
            ("`public`.`users`", "public", "users"),
            ("audit.\"Log.Entry\"", "audit", "Log.Entry"),
            ("[audit].[Log.Entry]", "audit", "Log.Entry"),
            ("Log.Entry", "audit", "Log.Entry"),
        ] {
            let expected = (schema.to_owned(), name.to_owned());
            assert_eq!(resolved(&snapshot, text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_name_is_told_the_nearest_and_where_it_lives() {
        let snapshot = snapshot(&["public"], &[("public", "orders"), ("sales", "customers")]);
        for (text, hint) in [
            ("custmers", "Did you mean `sales.customers`?"),
            (
                "pubic.orders",
                "There is no schema `pubic`. Did you mean `public`?",
            ),
            (
                "x.orders",
                "There is no schema `x`. Schemas: public, sales.",
            ),
            (
                "zebra",
                "search_schema finds tables by parts of their names.",
            ),
            ("\"Orders\"", "Did you mean `public.orders`?"),
            ("\"public\".\"order\"", "Did you mean `public.orders`?"),
        ] {
            let failure = resolved(&snapshot, text).unwrap_err();
            assert_eq!(failure.hint.as_deref(), Some(hint), "{text}");
        }
    }

    #[test]
    fn of_several_that_are_near_the_one_where_it_was_looked_for_is_told_first() {
        let snapshot = snapshot(
            &["public"],
            &[
                ("a", "orders"),
                ("public", "orders"),
                ("z", "orders"),
                ("z", "order_s"),
            ],
        );
        for (text, hint) in [
            (
                "ordrs",
                "Did you mean `public.orders` or `a.orders` or `z.orders`?",
            ),
            (
                "z.ordrs",
                "Did you mean `z.orders` or `public.orders` or `a.orders`?",
            ),
            (
                "a.orders_s",
                "Did you mean `a.orders` or `public.orders` or `z.orders`?",
            ),
        ] {
            let failure = resolved(&snapshot, text).unwrap_err();
            assert_eq!(failure.hint.as_deref(), Some(hint), "{text}");
        }
    }

    #[test]
    fn a_name_that_is_told_means_the_same_when_it_is_sent_back() {
        for name in [
            "Log.Entry",
            "a\"b",
            "\"",
            "`x",
            "[x]",
            " padded",
            "Old Orders",
            "",
        ] {
            let snapshot = snapshot(&["public"], &[("the.audit", name), ("other", "x")]);
            let relation = snapshot.relations.first().unwrap();

            let told = written(relation);

            let back = resolved(&snapshot, told.trim_matches('`')).ok();
            let expected = ("the.audit".to_owned(), name.to_owned());
            assert_eq!(back, (!name.is_empty()).then_some(expected), "{told}");
        }
    }

    #[test]
    fn a_name_in_several_schemas_off_the_path_is_ambiguous() {
        let snapshot = snapshot(&["public"], &[("a", "t"), ("b", "t")]);

        let failure = resolved(&snapshot, "t").unwrap_err();

        assert_eq!(failure.hint.as_deref(), Some("Name one of: `a.t`, `b.t`."));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", " ", ".", "a.", ".a", "\"a", "\"a\"b", "a.b.c", "\"\""] {
            assert!(TableName::parse(text).is_err(), "{text:?}");
        }
    }
}
