//! A chain of joins as a statement has it.

use super::{JoinPath, Step};
use crate::{
    query::Dialect,
    schema::snapshot::{RelationId, Snapshot},
};

/// A table in the chain, and what its columns are written with.
struct Place {
    id: RelationId,
    table: String,
    alias: Option<String>,
}

impl Place {
    fn prefix(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.table)
    }
}

impl JoinPath {
    /// `FROM orders JOIN customers ON orders.customer_id = customers.id`. A table has an alias only where another one
    /// of its name stands before it.
    pub fn sql(&self, snapshot: &Snapshot, dialect: &dyn Dialect) -> String {
        let Some(first) = self.steps.first() else {
            return String::new();
        };
        let mut places = vec![place(snapshot, dialect, first.from, &[])];
        let mut sql = format!("FROM {}", places.first().map_or("", |place| &place.table));
        for step in &self.steps {
            let to = place(snapshot, dialect, step.to, &places);
            sql.push_str(" JOIN ");
            sql.push_str(&to.table);
            if let Some(alias) = &to.alias {
                sql.push_str(" AS ");
                sql.push_str(alias);
            }
            sql.push_str(" ON ");
            if let Some(from) = places.last() {
                sql.push_str(&on(snapshot, dialect, step, from, &to));
            }
            places.push(to);
        }
        sql
    }
}

impl Step {
    /// `orders.customer_id → customers.id`; the arrow points to the parent, whichever way the chain goes.
    pub fn key(&self, snapshot: &Snapshot, dialect: &dyn Dialect) -> String {
        let (from, to) = (
            end(snapshot, dialect, self.from, &self.columns),
            end(snapshot, dialect, self.to, &self.to_columns),
        );
        if self.to_parent {
            format!("{from} → {to}")
        } else {
            format!("{to} → {from}")
        }
    }
}

fn end(snapshot: &Snapshot, dialect: &dyn Dialect, id: RelationId, columns: &[u16]) -> String {
    let table = snapshot
        .relation(id)
        .map(|relation| snapshot.written(dialect, relation))
        .unwrap_or_default();
    let columns = snapshot.written_columns(dialect, id, columns);
    match columns.as_slice() {
        [only] => format!("{table}.{only}"),
        several => format!("{table}({})", several.join(", ")),
    }
}

fn place(snapshot: &Snapshot, dialect: &dyn Dialect, id: RelationId, before: &[Place]) -> Place {
    let Some(relation) = snapshot.relation(id) else {
        return Place {
            id,
            table: String::new(),
            alias: None,
        };
    };
    let same = before
        .iter()
        .filter_map(|place| snapshot.relation(place.id))
        .filter(|other| other.name.eq_ignore_ascii_case(&relation.name))
        .count();
    Place {
        id,
        table: snapshot.written(dialect, relation),
        alias: (same > 0).then(|| {
            dialect
                .quoted(&format!("{}_{}", relation.name, same + 1))
                .into_owned()
        }),
    }
}

fn on(snapshot: &Snapshot, dialect: &dyn Dialect, step: &Step, from: &Place, to: &Place) -> String {
    let columns = |id, places: &[u16]| snapshot.written_columns(dialect, id, places);
    columns(step.from, &step.columns)
        .iter()
        .zip(columns(step.to, &step.to_columns))
        .map(|(one, other)| format!("{}.{one} = {}.{other}", from.prefix(), to.prefix()))
        .collect::<Vec<_>>()
        .join(" AND ")
}
