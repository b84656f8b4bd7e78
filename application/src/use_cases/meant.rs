//! Which tables are meant by the names that a caller writes.

use std::sync::Arc;

use domain::{
    Cancel, Failure,
    schema::{RelationId, Snapshot, TableDescription, TableName},
};

use crate::registry::OpenConnection;

/// Names beside what they mean in this schema.
pub(super) struct Meant<'a> {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) tables: Vec<(&'a str, Result<RelationId, Failure>)>,
}

impl<'a> Meant<'a> {
    /// Looks at the schema again where a name means nothing: another session may just have made the table.
    pub(super) async fn by(
        names: impl Iterator<Item = &'a str> + Clone,
        connection: &OpenConnection,
        cancel: &Cancel,
    ) -> Result<Self, Failure> {
        let known = Self::within(connection.schema(cancel).await?, names.clone());
        if known.all_mean_something() {
            return Ok(known);
        }
        connection.catalog.doubt();
        Ok(Self::within(connection.schema(cancel).await?, names))
    }

    /// As [`Meant::by`], where nothing but the names is wanted of the schema.
    pub(super) async fn by_name(
        names: impl Iterator<Item = &'a str> + Clone,
        connection: &OpenConnection,
        cancel: &Cancel,
    ) -> Result<Self, Failure> {
        let known = Self::within(connection.known(cancel).await?.snapshot, names.clone());
        if known.all_mean_something() {
            return Ok(known);
        }
        connection.catalog.doubt();
        let again = connection.known(cancel).await?.snapshot;
        Ok(Self::within(again, names))
    }

    fn all_mean_something(&self) -> bool {
        self.tables.iter().all(|(_, table)| table.is_ok())
    }

    fn within(snapshot: Arc<Snapshot>, names: impl Iterator<Item = &'a str>) -> Self {
        let tables = names
            .map(|name| {
                let table = TableName::parse(name).and_then(|name| name.resolve(&snapshot));
                (name, table)
            })
            .collect();
        Self { snapshot, tables }
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
    catalog.describe(&[asked], cancel).await
}
