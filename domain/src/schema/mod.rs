//! What a database holds besides rows: its tables, how they hang together, and how one is found among many.

pub mod description;
pub mod diagram;
pub mod joins;
pub mod name;
pub mod port;
#[cfg(any(test, feature = "mocks"))]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "for tests alone"
)]
pub mod samples;
pub mod search;
pub mod snapshot;
pub mod written;

pub use description::{
    Check, ColumnDescription, ForeignKeyDescription, IndexDescription, KeyDescription, Policy,
    ReferenceDescription, TableDescription, TriggerDescription,
};
pub use diagram::diagram;
pub use name::TableName;
pub use port::{Catalog, Fingerprint, Referring};
pub use snapshot::{
    ForeignKey, Index, Key, Namespace, Relation, RelationId, RelationKind, Routine, Sequence,
    Snapshot, TableColumn, Trigger, UserType,
};
