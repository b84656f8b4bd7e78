//! What stands in a resource: what the tools tell, from the same use cases.

use application::{
    registry::OpenConnection,
    use_cases::{DescribeTable, SearchSchema},
};
use domain::{Cancel, Failure, schema::diagram};

use super::uri::Place;

/// A resource goes into a model's context as a whole, and has no cursor to read on with.
const OVERVIEW_BYTES: usize = 24_000;

pub(super) async fn of(
    connection: &OpenConnection,
    place: &Place,
    cancel: &Cancel,
) -> Result<String, Failure> {
    match place {
        Place::Overview => {
            let overview = SearchSchema {
                max_bytes: Some(OVERVIEW_BYTES),
                ..SearchSchema::default()
            };
            overview.execute(connection, cancel).await
        }
        Place::Diagram => Ok(diagram(&*connection.schema(cancel).await?)),
        Place::Table { schema, table } => {
            // What stands in a URI is the name itself.
            let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
            let describe = DescribeTable {
                tables: vec![format!("{}.{}", quoted(schema), quoted(table))],
                max_bytes: None,
            };
            describe.execute(connection, cancel).await
        }
    }
}
