//! What is told of one thing that was found.

use domain::schema::{
    ForeignKey, Relation, RelationId,
    search::{Item, Marker},
    written::qualified,
};
use serde::Serialize;

use super::{Detail, Guide, Ties, beginning, json};

/// One thing. Absent facts are left out.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Card {
    kind: &'static str,
    /// As it is written in a statement.
    name: String,
    /// The table of an index or a trigger.
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    type_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partitions: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<Columns>,
    /// Keys that are no columns' own: of several columns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    foreign_keys: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    referenced_by: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    indexes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    triggers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volatility: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owned_by: Option<String>,
    /// Of a schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    tables: Option<usize>,
}

/// One string is a third of the bytes of a list of objects.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Columns {
    Compact(String),
    Each(Vec<String>),
}

/// How much of it is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    detail: Detail,
    columns: usize,
    comment: usize,
}

impl Size {
    pub(super) const FULL: Self = Self {
        detail: Detail::Full,
        columns: usize::MAX,
        comment: 2_000,
    };
    pub(super) const SUMMARY: Self = Self {
        detail: Detail::Summary,
        columns: 400,
        comment: 160,
    };
    /// For all but the best.
    pub(super) const BRIEF: Self = Self {
        columns: 110,
        comment: 60,
        ..Self::SUMMARY
    };
}

/// How many are named of what points to a table.
const REFERENCES: usize = 6;

impl Guide<'_> {
    /// A thing as JSON.
    pub(super) fn card(&self, item: Item, size: Size, marker: &Marker, ties: &Ties) -> String {
        json(&self.told(item, size, marker, ties).unwrap_or_default())
    }

    fn told(&self, item: Item, size: Size, marker: &Marker, ties: &Ties) -> Option<Card> {
        let snapshot = self.snapshot;
        let comment = |comment: &Option<Box<str>>| {
            comment
                .as_deref()
                .map(|text| beginning(text, size.comment))
                .filter(|text| !text.is_empty())
        };
        let of = |schema: &str, name: &str| self.in_schema(schema, name);
        let card = match item {
            Item::Relation(id) => self.table(id, size, marker, ties)?,
            Item::Column(id, at) => {
                let relation = snapshot.relation(id)?;
                let column = relation.columns.get(usize::from(at))?;
                Card {
                    name: format!(
                        "{}.{}",
                        self.table_name(id, relation),
                        self.dialect.quoted(&column.name)
                    ),
                    type_name: Some(self.ways(
                        id,
                        relation,
                        at,
                        ties.out_of(id),
                        &column.type_name,
                    )),
                    comment: comment(&column.comment),
                    ..Card::default()
                }
            }
            Item::Index(at) => {
                let index = snapshot.indexes.get(at as usize)?;
                Card {
                    name: self.dialect.quoted(&index.name).into_owned(),
                    table: Some(self.table_name(index.table, snapshot.relation(index.table)?)),
                    definition: Some(index_line(index)),
                    ..Card::default()
                }
            }
            Item::Trigger(at) => {
                let trigger = snapshot.triggers.get(at as usize)?;
                Card {
                    name: self.dialect.quoted(&trigger.name).into_owned(),
                    table: Some(self.table_name(trigger.table, snapshot.relation(trigger.table)?)),
                    definition: Some(trigger.event.to_string()),
                    ..Card::default()
                }
            }
            Item::Routine(at) => {
                let routine = snapshot.routines.get(at as usize)?;
                Card {
                    name: of(&routine.schema, &routine.name),
                    type_name: Some(routine.kind.to_owned()),
                    signature: Some(beginning(&routine.signature, size.columns)),
                    volatility: routine.volatility,
                    comment: comment(&routine.comment),
                    ..Card::default()
                }
            }
            Item::Sequence(at) => {
                let sequence = snapshot.sequences.get(at as usize)?;
                Card {
                    name: of(&sequence.schema, &sequence.name),
                    owned_by: sequence.owned_by.as_deref().map(str::to_owned),
                    definition: sequence.definition.as_deref().map(str::to_owned),
                    ..Card::default()
                }
            }
            Item::Type(at) => {
                let user_type = snapshot.types.get(at as usize)?;
                Card {
                    name: of(&user_type.schema, &user_type.name),
                    type_name: Some(user_type.kind.to_owned()),
                    definition: Some(beginning(&user_type.definition, size.columns)),
                    comment: comment(&user_type.comment),
                    ..Card::default()
                }
            }
            Item::Schema(at) => {
                let schema = snapshot.schemas.get(at as usize)?;
                let tables = snapshot
                    .relations
                    .iter()
                    .filter(|relation| relation.schema == schema.name);
                Card {
                    name: self.dialect.quoted(&schema.name).into_owned(),
                    comment: comment(&schema.comment),
                    tables: Some(tables.count()),
                    ..Card::default()
                }
            }
        };
        Some(Card {
            kind: item.kind(snapshot).word(),
            ..card
        })
    }

    fn table(&self, id: RelationId, size: Size, marker: &Marker, ties: &Ties) -> Option<Card> {
        let snapshot = self.snapshot;
        let relation = snapshot.relation(id)?;
        let full = size.detail == Detail::Full;
        let several = |key: &&&ForeignKey| key.columns.len() > 1;
        Some(Card {
            name: self.table_name(id, relation),
            estimated_rows: relation.estimated_rows,
            partitions: Some(relation.partitions).filter(|count| *count > 0),
            comment: relation
                .comment
                .as_deref()
                .map(|text| beginning(text, size.comment))
                .filter(|text| !text.is_empty()),
            columns: Some(if full {
                Columns::Each(self.each_column(id, relation, ties))
            } else {
                Columns::Compact(self.compact_columns(id, relation, size.columns, marker, ties))
            }),
            foreign_keys: ties
                .out_of(id)
                .iter()
                .filter(several)
                .take(if full { usize::MAX } else { 2 })
                .map(|key| {
                    let columns = snapshot.written_columns(self.dialect, id, &key.columns);
                    format!("({}) → {}", columns.join(", "), self.target(key))
                })
                .collect(),
            referenced_by: self
                .referenced_by(ties.into(id), if full { usize::MAX } else { REFERENCES }),
            indexes: snapshot
                .indexes
                .iter()
                .filter(|index| full && index.table == id)
                .map(|index| format!("{} {}", self.dialect.quoted(&index.name), index_line(index)))
                .collect(),
            triggers: snapshot
                .triggers
                .iter()
                .filter(|trigger| full && trigger.table == id)
                .map(|trigger| format!("{} {}", self.dialect.quoted(&trigger.name), trigger.event))
                .collect(),
            ..Card::default()
        })
    }

    /// `order_items, payments`: the tables that point to one.
    fn referenced_by(&self, keys: &[&ForeignKey], most: usize) -> Option<String> {
        let mut tables: Vec<String> = Vec::new();
        let mut more = 0;
        for key in keys {
            let Some(relation) = self.snapshot.relation(key.from) else {
                continue;
            };
            if tables.len() >= most {
                more += 1;
                continue;
            }
            let name = self.table_name(key.from, relation);
            if !tables.contains(&name) {
                tables.push(name);
            }
        }
        if more > 0 {
            tables.push(format!("+{more} more keys"));
        }
        (!tables.is_empty()).then(|| tables.join(", "))
    }

    /// `id bigint PK, customer_id bigint → customers.id`: what answers to the search first, then keys, then the rest as
    /// far as there is room. All in their own order if all have room.
    fn compact_columns(
        &self,
        id: RelationId,
        relation: &Relation,
        most: usize,
        marker: &Marker,
        ties: &Ties,
    ) -> String {
        let keys = ties.out_of(id);
        let mut ranked: Vec<(u8, u16, String)> = relation
            .columns
            .iter()
            .zip(0_u16..)
            .map(|(column, at)| {
                let rank = if marker.marks(&column.name, column.comment.as_deref()) {
                    0
                } else if is_key_column(relation, keys, at) {
                    1
                } else {
                    2
                };
                let line = format!("{} {}", self.dialect.quoted(&column.name), column.type_name);
                (rank, at, self.ways(id, relation, at, keys, &line))
            })
            .collect();
        let total = ranked.len();
        ranked.sort_by_key(|(rank, at, _)| (*rank, *at));
        let mut room = most;
        let kept: Vec<(u8, u16, String)> = ranked
            .into_iter()
            .enumerate()
            .take_while(|(place, (_, _, line))| {
                let fits = line.len() + 2 <= room || (*place == 0 && line.len() <= most * 2);
                room = room.saturating_sub(line.len() + 2);
                fits
            })
            .map(|(_, column)| column)
            .collect();
        let left_out = total - kept.len();
        let mut lines: Vec<String> = kept.into_iter().map(|(.., line)| line).collect();
        if left_out > 0 {
            lines.push(format!("+{left_out} more"));
        }
        lines.join(", ")
    }

    fn each_column(&self, id: RelationId, relation: &Relation, ties: &Ties) -> Vec<String> {
        let keys = ties.out_of(id);
        relation
            .columns
            .iter()
            .zip(0_u16..)
            .map(|(column, at)| {
                let not_null = if column.nullable { "" } else { " NOT NULL" };
                let line = format!(
                    "{} {}{not_null}",
                    self.dialect.quoted(&column.name),
                    column.type_name
                );
                let line = self.ways(id, relation, at, keys, &line);
                match &column.comment {
                    Some(comment) => format!("{line} -- {}", beginning(comment, 500)),
                    None => line,
                }
            })
            .collect()
    }

    /// A column's line with what it is a key of: ` PK`, ` → customers.id`.
    fn ways(
        &self,
        id: RelationId,
        relation: &Relation,
        at: u16,
        keys: &[&ForeignKey],
        line: &str,
    ) -> String {
        let mut line = line.to_owned();
        if relation
            .primary_key()
            .is_some_and(|key| key.columns.contains(&at))
        {
            line.push_str(" PK");
        }
        for key in keys
            .iter()
            .filter(|key| key.from == id && *key.columns == [at])
        {
            line.push_str(" → ");
            line.push_str(&self.target(key));
        }
        line
    }

    /// `customers.id`, `order_items(order_id, line)`.
    pub(super) fn target(&self, key: &ForeignKey) -> String {
        let Some(relation) = self.snapshot.relation(key.to) else {
            return String::new();
        };
        let table = self.table_name(key.to, relation);
        let columns = self
            .snapshot
            .written_columns(self.dialect, key.to, &key.referenced);
        match columns.as_slice() {
            [only] => format!("{table}.{only}"),
            several => format!("{table}({})", several.join(", ")),
        }
    }

    /// As it must be written in a statement.
    pub(super) fn table_name(&self, id: RelationId, relation: &Relation) -> String {
        let schema = (!self.index.is_on_path(id)).then_some(&*relation.schema);
        qualified(self.dialect, schema, &relation.name)
    }

    /// The name of what is no table: with its schema unless that is on the path.
    fn in_schema(&self, schema: &str, name: &str) -> String {
        let on_path = self
            .snapshot
            .search_path
            .iter()
            .any(|known| &**known == schema);
        qualified(self.dialect, (!on_path).then_some(schema), name)
    }
}

fn is_key_column(relation: &Relation, keys: &[&ForeignKey], at: u16) -> bool {
    relation
        .primary_key()
        .is_some_and(|key| key.columns.contains(&at))
        || keys.iter().any(|key| key.columns.contains(&at))
}

/// `UNIQUE (customer_id, ordered_at)`.
fn index_line(index: &domain::schema::Index) -> String {
    let unique = if index.is_unique { "UNIQUE " } else { "" };
    format!("{unique}({})", index.columns)
}
