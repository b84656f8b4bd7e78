//! What stands in a resource.

use application::registry::OpenConnection;
use domain::{
    Cancel, Failure,
    schema::{Snapshot, TableName, diagram},
};
use serde_json::{Value, json};

use super::uri::Place;

/// More tables than this are counted, not told: a resource goes into a model's context as a whole.
const MAX_TABLES: usize = 500;

pub(super) async fn of(
    connection: &OpenConnection,
    place: &Place,
    cancel: &Cancel,
) -> Result<String, Failure> {
    let snapshot = connection.schema(cancel).await?;
    match place {
        Place::Overview => Ok(overview(connection, &snapshot).to_string()),
        Place::Diagram => Ok(diagram(&snapshot)),
        Place::Table { schema, table } => {
            described(connection, &snapshot, schema, table, cancel).await
        }
    }
}

fn overview(connection: &OpenConnection, snapshot: &Snapshot) -> Value {
    let tables: Vec<Value> = snapshot
        .relations
        .iter()
        .take(MAX_TABLES)
        .map(|relation| {
            let mut told = json!({
                "schema": &*relation.schema,
                "name": &*relation.name,
                "kind": relation.kind,
                "columns": relation.columns.len(),
            });
            if let Some(told) = told.as_object_mut() {
                if let Some(comment) = &relation.comment {
                    told.insert("comment".to_owned(), json!(&**comment));
                }
                if let Some(rows) = relation.estimated_rows {
                    told.insert("estimatedRows".to_owned(), json!(rows));
                }
            }
            told
        })
        .collect();
    let schemas: Vec<&str> = snapshot
        .schemas
        .iter()
        .map(|schema| &*schema.name)
        .collect();
    let mut overview = json!({
        "connection": connection.name.as_str(),
        "engine": connection.database.config.engine.name,
        "schemas": schemas,
        "tables": tables,
        "foreignKeys": snapshot.foreign_keys.len(),
    });
    let more = snapshot.relations.len().saturating_sub(MAX_TABLES);
    if let (Some(overview), true) = (overview.as_object_mut(), more > 0) {
        overview.insert("moreTables".to_owned(), json!(more));
    }
    overview
}

async fn described(
    connection: &OpenConnection,
    snapshot: &Snapshot,
    schema: &str,
    table: &str,
    cancel: &Cancel,
) -> Result<String, Failure> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let name = TableName::parse(&format!("{}.{}", quoted(schema), quoted(table)))?;
    name.resolve(snapshot)?;
    let wanted = [(schema.to_owned(), table.to_owned())];
    let described = connection
        .database
        .catalog
        .describe(&wanted, cancel)
        .await?;
    let description = described.first().ok_or_else(|| {
        Failure::invalid_argument(format!("The table `{name}` has just been dropped."))
            .with_hint("Read the schema again.")
    })?;
    serde_json::to_string(description)
        .map_err(|error| Failure::internal("The table cannot be described.").with_source(error))
}
