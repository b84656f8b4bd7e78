//! A schema as a diagram, in the text that Mermaid draws (`erDiagram`).
//!
//! Mermaid's grammar is narrow, and what it cannot read fails the whole diagram. So names and types are reduced to
//! characters that it takes everywhere, and large schemas to what it draws.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    fmt::Write as _,
};

use super::snapshot::{ForeignKey, Relation, RelationId, Snapshot, TableColumn};

/// More tables than this nobody reads in one picture.
const MAX_TABLES: usize = 60;
/// Besides those of keys.
const MAX_COLUMNS: usize = 15;
/// Mermaid refuses a text of 50,000 characters.
const MAX_CHARACTERS: usize = 45_000;
/// Longer names are cut.
const MAX_NAME: usize = 60;

/// The tables and the foreign keys between them; the most connected ones, where there are many.
pub fn diagram(snapshot: &Snapshot) -> String {
    let mut most = MAX_TABLES;
    loop {
        let text = draw(snapshot, most);
        if text.chars().count() <= MAX_CHARACTERS || most <= 1 {
            return text;
        }
        most = most * 3 / 4;
    }
}

fn draw(snapshot: &Snapshot, most: usize) -> String {
    let tables: Vec<RelationId> = snapshot
        .ids()
        .filter(|(_, relation)| !relation.kind.is_view())
        .map(|(id, _)| id)
        .collect();
    let views = snapshot.relations.len() - tables.len();
    let shown = most_connected(snapshot, &tables, most);
    let mut text = String::from("erDiagram\n");
    if shown.len() < tables.len() {
        let (left, all) = (tables.len() - shown.len(), tables.len());
        let _ = writeln!(
            text,
            "    %% Left out: {left} of {all} tables, those with the fewest foreign keys"
        );
    }
    if views > 0 {
        let _ = writeln!(text, "    %% Left out: views ({views})");
    }
    let names = names(snapshot, &shown);
    for id in &shown {
        if let (Some(relation), Some(name)) = (snapshot.relation(*id), names.get(id)) {
            table(&mut text, snapshot, *id, relation, name);
        }
    }
    for key in &snapshot.foreign_keys {
        if let (Some(from), Some(to)) = (names.get(&key.from), names.get(&key.to)) {
            relation(&mut text, snapshot, key, from, to);
        }
    }
    text
}

/// In the order of the snapshot.
fn most_connected(snapshot: &Snapshot, tables: &[RelationId], most: usize) -> Vec<RelationId> {
    let mut keys: HashMap<RelationId, usize> = HashMap::new();
    for key in &snapshot.foreign_keys {
        *keys.entry(key.from).or_default() += 1;
        *keys.entry(key.to).or_default() += 1;
    }
    let mut shown = tables.to_vec();
    // Stable: of tables that are equally connected, the first ones.
    shown.sort_by_key(|id| Reverse(keys.get(id).copied().unwrap_or(0)));
    shown.truncate(most);
    shown.sort_unstable();
    shown
}

/// What each table is called in the diagram: a name of its own, in quotes if it needs them.
fn names(snapshot: &Snapshot, shown: &[RelationId]) -> HashMap<RelationId, String> {
    let mut taken = HashSet::new();
    let mut names = HashMap::new();
    for id in shown {
        let Some(relation) = snapshot.relation(*id) else {
            continue;
        };
        let full = if snapshot.is_on_path(relation) {
            relation.name.to_string()
        } else {
            format!("{}.{}", relation.schema, relation.name)
        };
        let plain = readable(&full);
        let mut name = plain.clone();
        let mut count = 1;
        while !taken.insert(name.clone()) {
            count += 1;
            name = format!("{plain} {count}");
        }
        let name = if is_word(&name) {
            name
        } else {
            format!("\"{name}\"")
        };
        names.insert(*id, name);
    }
    names
}

fn table(text: &mut String, snapshot: &Snapshot, id: RelationId, relation: &Relation, name: &str) {
    if relation.columns.is_empty() {
        let _ = writeln!(text, "    {name}");
        return;
    }
    let _ = writeln!(text, "    {name} {{");
    let mut others = 0;
    for (place, column) in (0_u16..).zip(&relation.columns) {
        let marks = marks(snapshot, id, relation, place);
        if marks.is_empty() {
            others += 1;
            if others > MAX_COLUMNS {
                continue;
            }
        }
        attribute(text, column, &marks);
    }
    if others > MAX_COLUMNS {
        let more = others - MAX_COLUMNS;
        let _ = writeln!(text, "        etc more \"{more} more columns\"");
    }
    text.push_str("    }\n");
}

fn marks(
    snapshot: &Snapshot,
    id: RelationId,
    relation: &Relation,
    place: u16,
) -> Vec<&'static str> {
    let is_primary = relation
        .primary_key()
        .is_some_and(|key| key.columns.contains(&place));
    let is_foreign = snapshot
        .foreign_keys
        .iter()
        .any(|key| key.from == id && key.columns.contains(&place));
    let is_unique = relation
        .keys
        .iter()
        .any(|key| !key.is_primary && *key.columns == [place]);
    [(is_primary, "PK"), (is_foreign, "FK"), (is_unique, "UK")]
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, mark)| mark)
        .collect()
}

fn attribute(text: &mut String, column: &TableColumn, marks: &[&str]) {
    let name = attribute_name(&column.name);
    let _ = write!(text, "        {} {name}", attribute_type(&column.type_name));
    if !marks.is_empty() {
        let _ = write!(text, " {}", marks.join(", "));
    }
    if name != *column.name {
        let _ = write!(text, " \"{}\"", readable(&column.name));
    }
    text.push('\n');
}

/// `parent ||--o{ child`: whether a row may be without a parent, and whether a parent may have several.
fn relation(text: &mut String, snapshot: &Snapshot, key: &ForeignKey, from: &str, to: &str) {
    let Some(child) = snapshot.relation(key.from) else {
        return;
    };
    let may_be_null = key.columns.iter().any(|place| {
        child
            .columns
            .get(usize::from(*place))
            .is_some_and(|column| column.nullable)
    });
    let is_unique = child.keys.iter().any(|unique| {
        unique
            .columns
            .iter()
            .all(|place| key.columns.contains(place))
    });
    let columns: Vec<&str> = key
        .columns
        .iter()
        .filter_map(|place| Some(&*child.columns.get(usize::from(*place))?.name))
        .collect();
    let parents = if may_be_null { "|o" } else { "||" };
    let children = if is_unique { "o|" } else { "o{" };
    let label = readable(&columns.join(", "));
    let _ = writeln!(text, "    {to} {parents}--{children} {from} : \"{label}\"");
}

/// A text that may stand in quotes: letters, digits and the signs that mean nothing to Mermaid, to Markdown or to HTML.
fn readable(name: &str) -> String {
    let mut readable: String = name
        .chars()
        .take(MAX_NAME)
        .map(|character| match character {
            ' ' | '.' | ',' | '-' | '_' | '(' | ')' | ':' | '/' | '$' | '+' | '=' | '\'' | '@'
            | '!' | '?' => character,
            _ if character.is_alphanumeric() => character,
            _ => '_',
        })
        .collect();
    if readable.trim().is_empty() {
        "_".clone_into(&mut readable);
    }
    // Mermaid looks for its word for the direction in whole lines, quotes or not.
    if readable.to_lowercase().contains("direction") {
        readable = readable.replace(' ', "_");
    }
    readable
}

/// Words that mean something where the name of a table may stand, in whatever case.
const RESERVED: [&str; 18] = [
    "accdescr",
    "acctitle",
    "class",
    "classdef",
    "direction",
    "end",
    "erdiagram",
    "many",
    "o",
    "one",
    "only",
    "optionally",
    "style",
    "subgraph",
    "title",
    "to",
    "u",
    "zero",
];

/// Whether it needs no quotes.
fn is_word(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .chars()
            .all(|next| next.is_ascii_alphanumeric() || next == '_')
        && !RESERVED.contains(&name.to_ascii_lowercase().as_str())
}

/// A column's name as a single word that is no mark.
fn attribute_name(name: &str) -> String {
    let word = word(name);
    let is_mark = ["pk", "fk", "uk"].contains(&word.to_ascii_lowercase().as_str());
    if is_mark || !word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        return format!("_{word}");
    }
    word
}

/// A type as a single word, without its length.
fn attribute_type(name: &str) -> String {
    let (base, after) = name.split_once('(').unwrap_or((name, ""));
    let behind = after.rsplit_once(')').map_or("", |(_, behind)| behind);
    let array = if name.ends_with("[]") { "[]" } else { "" };
    let words = format!(
        "{} {}",
        base.trim_end_matches("[]"),
        behind.trim_end_matches("[]")
    );
    let words: Vec<&str> = words.split_whitespace().collect();
    if words.is_empty() {
        return "any".to_owned();
    }
    format!("{}{array}", attribute_name(&words.join("_")))
}

/// Letters, digits and underscores.
fn word(text: &str) -> String {
    text.chars()
        .take(MAX_NAME)
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character
            } else {
                '_'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::schema::snapshot::{Key, RelationKind};

    fn column(name: &str, type_name: &str, nullable: bool) -> TableColumn {
        TableColumn {
            name: name.into(),
            type_name: type_name.into(),
            nullable,
            comment: None,
        }
    }

    fn relation(name: &str, columns: Vec<TableColumn>) -> Relation {
        Relation {
            schema: "main".into(),
            name: name.into(),
            kind: RelationKind::Table,
            comment: None,
            estimated_rows: None,
            partitions: 0,
            columns,
            keys: vec![Key {
                is_primary: true,
                columns: [0].into(),
            }],
        }
    }

    fn snapshot(relations: Vec<Relation>, keys: &[(u32, u16, u32)]) -> Snapshot {
        Snapshot {
            search_path: vec![Arc::from("main")],
            relations,
            foreign_keys: keys
                .iter()
                .map(|(from, column, to)| ForeignKey {
                    name: "".into(),
                    from: RelationId(*from),
                    columns: [*column].into(),
                    to: RelationId(*to),
                    referenced: [0].into(),
                })
                .collect(),
            ..Snapshot::default()
        }
    }

    #[test]
    fn tables_and_what_connects_them_are_drawn() {
        let mut profiles = relation(
            "profiles",
            vec![
                column("customer", "bigint", false),
                column("friend", "bigint", true),
                column("mail", "text", false),
            ],
        );
        profiles.keys.push(Key {
            is_primary: false,
            columns: [2].into(),
        });
        let customers = relation(
            "customers",
            vec![
                column("id", "bigint", false),
                column("name", "varchar(20)", true),
            ],
        );

        assert_eq!(
            diagram(&snapshot(
                vec![customers, profiles],
                &[(1, 0, 0), (1, 1, 0)]
            )),
            "erDiagram
    customers {
        bigint id PK
        varchar name
    }
    profiles {
        bigint customer PK, FK
        bigint friend FK
        text mail UK
    }
    customers ||--o| profiles : \"customer\"
    customers |o--o{ profiles : \"friend\"
"
        );
    }

    #[test]
    fn names_that_mermaid_cannot_take_are_reduced() {
        let hostile = relation(
            "a\"b%%{init}%%\n<b>;",
            vec![
                column("pk", "", true),
                column("größe \"x\"", "numeric(10,2)[]", true),
                column("1st", "timestamp(3) with time zone", true),
            ],
        );
        let mut other = relation("end", vec![column("id", "enum('a','b')", true)]);
        other.schema = "x y".into();

        assert_eq!(
            diagram(&snapshot(
                vec![
                    hostile,
                    other,
                    relation("end", Vec::new()),
                    relation("direction TB", Vec::new()),
                    relation("a_b___init_____b__", Vec::new()),
                ],
                &[]
            )),
            "erDiagram
    a_b___init_____b__ {
        any _pk PK \"pk\"
        numeric[] gr__e__x_ \"größe _x_\"
        timestamp_with_time_zone _1st \"1st\"
    }
    \"x y.end\" {
        enum id PK
    }
    \"end\"
    direction_TB
    \"a_b___init_____b__ 2\"
"
        );
    }

    #[test]
    fn two_tables_never_have_the_same_name() {
        let relations = ["a?%", "a?#", "a?_"].map(|name| relation(name, Vec::new()));

        assert_eq!(
            diagram(&snapshot(relations.into(), &[])),
            "erDiagram\n    \"a?_\"\n    \"a?_ 2\"\n    \"a?_ 3\"\n"
        );
    }

    #[test]
    fn of_many_tables_the_most_connected_are_drawn() {
        let relations = (0..300)
            .map(|index| relation(&format!("t{index}"), vec![column("id", "int", false)]))
            .collect();
        let keys: Vec<_> = (250..290).map(|index| (index, 0, 299)).collect();

        let text = diagram(&snapshot(relations, &keys));

        assert_eq!(text.matches("{\n").count(), MAX_TABLES);
        assert_eq!(text.matches("--").count(), 40);
        assert!(
            text.contains("%% Left out: 240 of 300 tables, those with the fewest foreign keys\n")
        );
    }

    #[test]
    fn a_diagram_is_never_longer_than_mermaid_takes() {
        let long = "x".repeat(200);
        let columns: Vec<TableColumn> = (0..100)
            .map(|index| column(&format!("c{index}{long}"), &long, true))
            .collect();
        let relations = (0..100)
            .map(|index| relation(&format!("t{index}{long}"), columns.clone()))
            .collect();

        let text = diagram(&snapshot(relations, &[]));

        assert!(text.chars().count() <= MAX_CHARACTERS, "{}", text.len());
        assert!(text.contains("etc more \"84 more columns\""));
    }

    #[test]
    fn views_are_told_and_not_drawn() {
        let mut view = relation("v", Vec::new());
        view.kind = RelationKind::View;

        assert_eq!(
            diagram(&snapshot(vec![view], &[])),
            "erDiagram\n    %% Left out: views (1)\n"
        );
    }
}
