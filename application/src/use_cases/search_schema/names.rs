//! What was found as bare names, grouped by schema and kind.

use std::fmt::Write as _;

use domain::schema::{
    search::{Found, Item, Kind},
    written::qualified,
};

use super::{Guide, cursor::Cursor, json};

/// Names of one schema and kind, as JSON.
struct Group {
    schema: String,
    kind: Kind,
    names: Vec<String>,
}

impl Guide<'_> {
    pub(super) fn names(&self, found: &Found, cursor: Cursor, max_bytes: usize) -> String {
        let end = |told: usize| {
            let next = cursor.offset + told;
            let mut end = format!(",\"total\":{}", found.total);
            if next < found.total {
                let _ = write!(
                    end,
                    ",\"leftOut\":{},\"cursor\":{}",
                    found.total - next,
                    json(&cursor.at(next))
                );
            }
            end + "}"
        };
        let path = self.search_path(max_bytes / 8);
        let mut room =
            max_bytes.saturating_sub(path.len() + "{\"names\":{}".len() + end(0).len() + 8);
        let mut groups: Vec<Group> = Vec::new();
        let mut told = 0;
        for item in &found.items {
            let (mut schema, name) = self.place_and_name(*item);
            // A name that leaves no room for others is told of, so that the cursor comes past it.
            if json(&schema).len() > max_bytes / 6 {
                schema = format!("(a schema with a name of {} bytes)", schema.len());
            }
            let kind = item.kind(self.snapshot);
            let mut name = json(&name);
            if name.len() > max_bytes / 3 {
                name = json(&format!("(a name of {} bytes)", name.len()));
            }
            let known = groups
                .iter_mut()
                .find(|group| group.schema == schema && group.kind == kind);
            // Braces, brackets, commas, colons and the kind's word, at most.
            let takes = name.len()
                + 1
                + if known.is_some() {
                    0
                } else {
                    json(&schema).len() + 24
                };
            if takes > room {
                break;
            }
            room -= takes;
            told += 1;
            match known {
                Some(group) => group.names.push(name),
                None => groups.push(Group {
                    schema,
                    kind,
                    names: vec![name],
                }),
            }
        }
        format!("{{\"names\":{{{}}}{path}{}", written(&groups), end(told))
    }

    /// Where names without a schema are looked for, if there is more than one schema.
    fn search_path(&self, most: usize) -> String {
        if self.snapshot.schemas.len() < 2 {
            return String::new();
        }
        let path = json(&self.snapshot.search_path);
        if path.len() > most {
            return String::new();
        }
        format!(",\"searchPath\":{path}")
    }

    /// Its schema, and its name as it is written beside others of that schema.
    fn place_and_name(&self, item: Item) -> (String, String) {
        let (snapshot, dialect) = (self.snapshot, self.dialect);
        let table = |id| snapshot.relation(id);
        let place = match item {
            Item::Relation(id) => table(id)
                .map(|relation| (&*relation.schema, qualified(dialect, None, &relation.name))),
            Item::Column(id, at) => table(id).and_then(|relation| {
                let column = relation.columns.get(usize::from(at))?;
                Some((
                    &*relation.schema,
                    qualified(dialect, Some(&relation.name), &column.name),
                ))
            }),
            Item::Index(at) => snapshot.indexes.get(at as usize).and_then(|index| {
                Some((
                    &*table(index.table)?.schema,
                    qualified(dialect, None, &index.name),
                ))
            }),
            Item::Trigger(at) => snapshot.triggers.get(at as usize).and_then(|trigger| {
                Some((
                    &*table(trigger.table)?.schema,
                    qualified(dialect, None, &trigger.name),
                ))
            }),
            Item::Routine(at) => snapshot
                .routines
                .get(at as usize)
                .map(|routine| (&*routine.schema, qualified(dialect, None, &routine.name))),
            Item::Type(at) => snapshot.types.get(at as usize).map(|user_type| {
                (
                    &*user_type.schema,
                    qualified(dialect, None, &user_type.name),
                )
            }),
            Item::Sequence(at) => snapshot
                .sequences
                .get(at as usize)
                .map(|sequence| (&*sequence.schema, qualified(dialect, None, &sequence.name))),
            Item::Schema(at) => snapshot
                .schemas
                .get(at as usize)
                .map(|schema| (&*schema.name, qualified(dialect, None, &schema.name))),
        };
        let (schema, name) = place.unwrap_or_default();
        (schema.to_owned(), name)
    }
}

/// `"sales":{"tables":["orders"]}` for each schema, in the order in which they come first.
fn written(groups: &[Group]) -> String {
    let mut schemas: Vec<&str> = Vec::new();
    for group in groups {
        if !schemas.contains(&group.schema.as_str()) {
            schemas.push(&group.schema);
        }
    }
    let kinds = |schema: &str| {
        let kinds: Vec<String> = groups
            .iter()
            .filter(|group| group.schema == schema)
            .map(|group| format!("\"{}\":[{}]", plural(group.kind), group.names.join(",")))
            .collect();
        kinds.join(",")
    };
    let schemas: Vec<String> = schemas
        .iter()
        .map(|schema| format!("{}:{{{}}}", json(schema), kinds(schema)))
        .collect();
    schemas.join(",")
}

fn plural(kind: Kind) -> String {
    match kind {
        Kind::Index => "indexes".to_owned(),
        other => format!("{}s", other.word()),
    }
}
