//! The whole database on a page: its schemas, the tables at its centre, and how to look further.

use std::{collections::BTreeMap, fmt::Write as _};

use domain::schema::{
    RelationId,
    search::{Kind, Search},
};

use super::{Guide, MOST, Ties, Told, beginning, json};

/// How many foreign keys of one table are told.
const KEYS: usize = 8;

#[derive(Default)]
struct Counts {
    tables: usize,
    views: usize,
    routines: usize,
}

impl Guide<'_> {
    pub(super) fn overview(&self, schema: Option<&str>, max_bytes: usize) -> Told {
        let next = "Rows are estimates. With `search` it finds tables, columns and comments; detail names lists all; describe_table tells all of a table.";
        let search = Search {
            kinds: vec![Kind::Table, Kind::View],
            schema: schema.map(str::to_owned),
            ..Search::default()
        };
        let found = self.index.search(self.snapshot, &search, 0, MOST);
        let tables: Vec<RelationId> = found
            .items
            .iter()
            .filter_map(|item| match item {
                domain::schema::search::Item::Relation(id) => Some(*id),
                _ => None,
            })
            .collect();
        let end = |told: usize| {
            let left_out = found.total - told;
            let left_out = if left_out > 0 {
                format!(",\"leftOut\":{left_out}")
            } else {
                String::new()
            };
            format!(
                "],\"total\":{}{left_out},\"next\":{}}}",
                found.total,
                json(next)
            )
        };
        let mut answer = format!(
            "{{\"schemas\":[{}],\"tables\":[",
            self.schemas(schema, max_bytes / 4)
        );
        let room = max_bytes.saturating_sub(end(0).len() + 8);
        let ties = Ties::of(self.snapshot, tables.iter().copied());
        let mut told = 0;
        for id in tables {
            let line = json(&self.line(id, &ties));
            if answer.len() + line.len() + 1 > room {
                break;
            }
            if told > 0 {
                answer.push(',');
            }
            answer.push_str(&line);
            told += 1;
        }
        Told {
            text: answer + &end(told),
            total: found.total,
        }
    }

    /// `"public: 40 tables, 3 views"`, as many as find room.
    fn schemas(&self, only: Option<&str>, most: usize) -> String {
        let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
        for relation in &self.snapshot.relations {
            let counts = counts.entry(&relation.schema).or_default();
            if relation.kind.is_view() {
                counts.views += 1;
            } else {
                counts.tables += 1;
            }
        }
        for routine in &self.snapshot.routines {
            counts.entry(&routine.schema).or_default().routines += 1;
        }
        let told = self
            .snapshot
            .schemas
            .iter()
            .filter(|schema| only.is_none_or(|only| only == &*schema.name));
        let mut lines = Vec::new();
        let mut left_out = 0;
        let mut room = most.saturating_sub(24);
        for schema in told {
            let none = Counts::default();
            let counts = counts.get(&*schema.name).unwrap_or(&none);
            let mut line = format!(
                "{}: {}",
                self.dialect.quoted(&schema.name),
                counted(counts.tables, "table")
            );
            for (count, word) in [(counts.views, "view"), (counts.routines, "routine")] {
                if count > 0 {
                    let _ = write!(line, ", {}", counted(count, word));
                }
            }
            if let Some(comment) = schema
                .comment
                .as_deref()
                .filter(|comment| !comment.is_empty())
            {
                let _ = write!(line, " -- {}", beginning(comment, 80));
            }
            let line = json(&line);
            if line.len() + 1 > room {
                left_out += 1;
            } else {
                room -= line.len() + 1;
                lines.push(line);
            }
        }
        if left_out > 0 {
            lines.push(json(&format!("+{left_out} more")));
        }
        lines.join(",")
    }

    /// `orders ~12000 rows, 12 columns: customer_id → customers.id -- What was ordered.`
    fn line(&self, id: RelationId, ties: &Ties) -> String {
        let Some(relation) = self.snapshot.relation(id) else {
            return String::new();
        };
        let mut line = self.table_name(id, relation);
        if relation.kind != domain::schema::RelationKind::Table {
            let _ = write!(line, " ({})", relation.kind.word());
        }
        if let Some(rows) = relation.estimated_rows {
            let _ = write!(line, " ~{rows} rows,");
        }
        let _ = write!(line, " {} columns", relation.columns.len());
        let keys = ties.out_of(id);
        let told: Vec<String> = keys
            .iter()
            .take(KEYS)
            .map(|key| {
                let columns = self
                    .snapshot
                    .written_columns(self.dialect, id, &key.columns);
                format!("{} → {}", columns.join(", "), self.target(key))
            })
            .collect();
        if !told.is_empty() {
            let _ = write!(line, ": {}", told.join("; "));
        }
        if keys.len() > KEYS {
            let _ = write!(line, "; +{} more keys", keys.len() - KEYS);
        }
        if let Some(comment) = relation
            .comment
            .as_deref()
            .filter(|comment| !comment.is_empty())
        {
            let _ = write!(line, " -- {}", beginning(comment, 60));
        }
        line
    }
}

/// `1 view`, `2 views`.
fn counted(count: usize, word: &str) -> String {
    let many = if count == 1 { "" } else { "s" };
    format!("{count} {word}{many}")
}
