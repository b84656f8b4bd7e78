//! The answers about the whole schema, put together.
//!
//! Each question has a moment of its own: what one answer tells of a table that another does not know is left out.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::schema::{
    ForeignKey, Index, Key, Namespace, Relation, RelationId, RelationKind, Routine, Sequence,
    Snapshot, TableColumn, Trigger, UserType,
};

use super::{super::super::records::Record, trigger};

/// One question and what is done with each row of its answer.
type Question = (&'static str, fn(&mut Reading, &Record));

/// A question about the relations that the role may see.
macro_rules! of_shown {
    ($file:literal) => {
        concat!(
            include_str!("../queries/catalog/shown.sql"),
            include_str!(concat!("../queries/catalog/", $file))
        )
    };
}

/// In this order: relations come before what belongs to them.
pub(super) const QUESTIONS: [Question; 9] = [
    (
        include_str!("../queries/catalog/schemas.sql"),
        Reading::schema,
    ),
    (of_shown!("relations.sql"), Reading::relation),
    (of_shown!("columns.sql"), Reading::column),
    (of_shown!("indexes.sql"), Reading::index),
    (of_shown!("foreign_keys.sql"), Reading::foreign_key),
    (of_shown!("triggers.sql"), Reading::trigger),
    (
        include_str!("../queries/catalog/routines.sql"),
        Reading::routine,
    ),
    (
        include_str!("../queries/catalog/sequences.sql"),
        Reading::sequence,
    ),
    (
        include_str!("../queries/catalog/types.sql"),
        Reading::user_type,
    ),
];

#[derive(Debug, Default)]
pub(super) struct Reading {
    snapshot: Snapshot,
    /// Each word once, however often it occurs.
    words: HashSet<Arc<str>>,
    places: HashMap<u64, RelationId>,
    /// The server's numbers of each relation's columns, in order. They have gaps where columns were dropped.
    numbers: Vec<Vec<u64>>,
    path: Vec<(u64, Arc<str>)>,
}

impl Reading {
    pub(super) fn finish(mut self) -> Snapshot {
        self.path.sort_unstable();
        self.snapshot.search_path = self.path.into_iter().map(|(_, schema)| schema).collect();
        for relation in &mut self.snapshot.relations {
            relation.columns.shrink_to_fit();
            relation.keys.shrink_to_fit();
        }
        self.snapshot.relations.shrink_to_fit();
        self.snapshot.indexes.shrink_to_fit();
        self.snapshot.foreign_keys.shrink_to_fit();
        self.snapshot
    }

    fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.words.get(text) {
            return Arc::clone(known);
        }
        let word: Arc<str> = Arc::from(text);
        self.words.insert(Arc::clone(&word));
        word
    }

    fn place(&self, record: &Record, index: usize) -> Option<RelationId> {
        self.places.get(&record.number(index)?).copied()
    }

    fn schema(&mut self, record: &Record) {
        let name = self.word(record.text(0));
        if let Some(place) = record.number(2) {
            self.path.push((place, Arc::clone(&name)));
        }
        self.snapshot.schemas.push(Namespace {
            name,
            comment: boxed(record, 1),
        });
    }

    fn relation(&mut self, record: &Record) {
        let (Some(number), Ok(place)) = (
            record.number(0),
            u32::try_from(self.snapshot.relations.len()),
        ) else {
            return;
        };
        let relation = Relation {
            schema: self.word(record.text(1)),
            name: self.word(record.text(2)),
            kind: relation_kind(record.text(3)),
            comment: boxed(record, 4),
            estimated_rows: record.number(5),
            partitions: record
                .number(6)
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or_default(),
            columns: Vec::new(),
            keys: Vec::new(),
        };
        self.places.insert(number, RelationId(place));
        self.snapshot.relations.push(relation);
        self.numbers.push(Vec::new());
    }

    fn column(&mut self, record: &Record) {
        let Some((place, number)) = self.place(record, 0).zip(record.number(1)) else {
            return;
        };
        let column = TableColumn {
            name: self.word(record.text(2)),
            type_name: self.word(record.text(3)),
            nullable: record.is_true(4),
            comment: boxed(record, 5),
        };
        let at = place.0 as usize;
        if let (Some(relation), Some(numbers)) = (
            self.snapshot.relations.get_mut(at),
            self.numbers.get_mut(at),
        ) {
            // Hardly ever anywhere but at the end.
            let place = numbers.partition_point(|known| *known < number);
            relation.columns.insert(place, column);
            numbers.insert(place, number);
        }
    }

    fn index(&mut self, record: &Record) {
        let Some(table) = self.place(record, 0) else {
            return;
        };
        let at = table.0 as usize;
        let (Some(numbers), Some(relation)) =
            (self.numbers.get(at), self.snapshot.relations.get_mut(at))
        else {
            return;
        };
        let columns = numbered(numbers, record.text(5));
        let written = match (record.some(6), &columns) {
            (Some(expressions), _) => expressions.to_owned(),
            (None, Some(columns)) => columns
                .iter()
                .filter_map(|column| relation.columns.get(usize::from(*column)))
                .map(|column| &*column.name)
                .collect::<Vec<_>>()
                .join(", "),
            (None, None) => return,
        };
        self.snapshot.indexes.push(Index {
            table,
            name: record.text(1).into(),
            is_unique: record.is_true(2),
            columns: written.into_boxed_str(),
        });
        if let Some(columns) = columns.filter(|_| record.is_true(4))
            && !relation.keys.iter().any(|known| known.columns == columns)
        {
            relation.keys.push(Key {
                is_primary: record.is_true(3),
                columns,
            });
        }
    }

    fn foreign_key(&mut self, record: &Record) {
        let (Some(from), Some(to)) = (self.place(record, 1), self.place(record, 2)) else {
            return;
        };
        let (Some(columns), Some(referenced)) = (
            self.columns_of(from, record, 3, 5),
            self.columns_of(to, record, 4, 6),
        ) else {
            return;
        };
        let same = |known: &ForeignKey| {
            known.from == from
                && known.to == to
                && known.columns == columns
                && known.referenced == referenced
        };
        // They come table by table, so what is the same on several partitions stands close by.
        let known = self.snapshot.foreign_keys.iter().rev();
        if known.take_while(|known| known.from == from).any(same) {
            return;
        }
        self.snapshot.foreign_keys.push(ForeignKey {
            name: record.text(0).into(),
            from,
            columns,
            to,
            referenced,
        });
    }

    /// The places of a key's columns, by their names where those are told, else by their numbers; `None` if one of
    /// them is gone.
    fn columns_of(
        &self,
        table: RelationId,
        record: &Record,
        numbers: usize,
        names: usize,
    ) -> Option<Box<[u16]>> {
        if record.some(names).is_none() {
            return numbered(self.numbers.get(table.0 as usize)?, record.text(numbers));
        }
        let relation = self.snapshot.relation(table)?;
        record
            .texts(names)
            .iter()
            .map(|name| u16::try_from(relation.column(name)?).ok())
            .collect()
    }

    fn trigger(&mut self, record: &Record) {
        if let Some((table, bits)) = self.place(record, 0).zip(record.number(2)) {
            self.snapshot.triggers.push(Trigger {
                table,
                name: record.text(1).into(),
                event: trigger::event(bits).into(),
            });
        }
    }

    fn routine(&mut self, record: &Record) {
        let mut signature = format!("({})", record.text(3));
        if let Some(result) = record.some(4) {
            signature.push_str(" → ");
            signature.push_str(result);
        }
        let routine = Routine {
            schema: self.word(record.text(0)),
            name: record.text(1).into(),
            kind: match record.text(2) {
                "p" => "procedure",
                "a" => "aggregate",
                "w" => "window function",
                _ => "function",
            },
            signature: signature.into_boxed_str(),
            volatility: match record.text(5) {
                "i" => Some("immutable"),
                "s" => Some("stable"),
                _ => Some("volatile"),
            },
            comment: boxed(record, 6),
        };
        self.snapshot.routines.push(routine);
    }

    fn sequence(&mut self, record: &Record) {
        let schema = self.word(record.text(0));
        self.snapshot.sequences.push(Sequence {
            schema,
            name: record.text(1).into(),
            owned_by: boxed(record, 2),
            definition: boxed(record, 3),
        });
    }

    fn user_type(&mut self, record: &Record) {
        let schema = self.word(record.text(0));
        self.snapshot.types.push(UserType {
            schema,
            name: record.text(1).into(),
            kind: match record.text(2) {
                "e" => "enum",
                "d" => "domain",
                "c" => "composite",
                _ => "range",
            },
            definition: record.text(3).into(),
            comment: boxed(record, 4),
        });
    }
}

/// What `pg_class.relkind` means.
pub(super) fn relation_kind(letter: &str) -> RelationKind {
    match letter {
        "p" => RelationKind::PartitionedTable,
        "v" => RelationKind::View,
        "m" => RelationKind::MaterializedView,
        "f" => RelationKind::ForeignTable,
        _ => RelationKind::Table,
    }
}

/// The places of columns with these numbers; `None` if one of them is an expression or gone.
fn numbered(known: &[u64], numbers: &str) -> Option<Box<[u16]>> {
    numbers
        .split_whitespace()
        .map(|number| {
            let place = known.binary_search(&number.parse().ok()?).ok()?;
            u16::try_from(place).ok()
        })
        .collect()
}

fn boxed(record: &Record, index: usize) -> Option<Box<str>> {
    record.words(index).map(String::into_boxed_str)
}
