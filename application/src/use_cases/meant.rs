//! Which tables are meant by the names that a caller writes.

use std::sync::Arc;

use domain::{
    Cancel, Failure,
    schema::{Referring, RelationId, Snapshot, TableDescription, TableName},
};

use crate::{catalog_cache::Known, registry::OpenConnection};

/// Names beside what they mean in this schema.
pub(super) struct Meant<'a> {
    pub(super) snapshot: Arc<Snapshot>,
    /// Whether the schema lacks what an outline lacks.
    pub(super) is_outline: bool,
    pub(super) tables: Vec<(&'a str, Result<RelationId, Failure>)>,
}

impl<'a> Meant<'a> {
    /// Looks at the schema again where a name means nothing: another session may just have made the table.
    pub(super) async fn by(
        names: impl Iterator<Item = &'a str> + Clone,
        connection: &OpenConnection,
        cancel: &Cancel,
    ) -> Result<Self, Failure> {
        let known = Self::within(
            Known::whole(connection.schema(cancel).await?),
            names.clone(),
        );
        if known.all_mean_something() {
            return Ok(known);
        }
        connection.catalog.doubt();
        Ok(Self::within(
            Known::whole(connection.schema(cancel).await?),
            names,
        ))
    }

    /// As [`Meant::by`], where nothing but the names is wanted of the schema.
    pub(super) async fn by_name(
        names: impl Iterator<Item = &'a str> + Clone,
        connection: &OpenConnection,
        cancel: &Cancel,
    ) -> Result<Self, Failure> {
        let known = Self::within(connection.known(cancel).await?, names.clone());
        if known.all_mean_something() {
            return Ok(known);
        }
        connection.catalog.doubt();
        Ok(Self::within(connection.known(cancel).await?, names))
    }

    fn all_mean_something(&self) -> bool {
        self.tables.iter().all(|(_, table)| table.is_ok())
    }

    fn within(known: Known, names: impl Iterator<Item = &'a str>) -> Self {
        let snapshot = known.snapshot;
        let tables = names
            .map(|name| {
                let table = TableName::parse(name).and_then(|name| name.resolve(&snapshot));
                (name, table)
            })
            .collect();
        Self {
            snapshot,
            is_outline: known.is_outline,
            tables,
        }
    }
}

/// What the schema as a whole leaves out and the database knows all the same: partitions and what a module keeps its
/// rows in. Fails where the table is there and kept from the role.
pub(super) async fn beyond(
    name: &str,
    connection: &OpenConnection,
    cancel: &Cancel,
) -> Result<Vec<TableDescription>, Failure> {
    let Ok(name) = TableName::parse(name) else {
        return Ok(Vec::new());
    };
    let asked = (
        name.schema().unwrap_or_default().to_owned(),
        name.name().to_owned(),
    );
    let catalog = &connection.database.catalog;
    catalog
        .describe(&[asked], &Referring::Unknown, cancel)
        .await
}
