//! What a caller can ask of the service, one use case a file.
//!
//! A use case is the request and what it does. It decides; it does not format for a protocol, log or know who
//! called.

mod close_connection;
mod connect_database;
mod connect_from_config;
mod connection_info;
mod describe_table;
mod estimate;
mod execute_query;
mod explain_query;
mod export_connections;
mod find_join_path;
mod get_health_status;
mod import_connections;
mod list_connections;
mod meant;
mod read_on;
mod report;
mod search_schema;
mod show_configurations;
mod show_status;
mod test_connection;

#[cfg(test)]
pub(crate) mod doubles;

pub use close_connection::CloseConnection;
pub use connect_database::ConnectDatabase;
pub use connect_from_config::ConnectFromConfig;
pub use connection_info::ConnectionInfo;
pub use describe_table::{DescribeTable, MOST_TABLES};
pub use execute_query::{AskedLimits, Ceilings, ExecuteQuery};
pub use explain_query::ExplainQuery;
pub use export_connections::ExportConnections;
pub use find_join_path::FindJoinPath;
pub use get_health_status::{GetHealthStatus, HealthStatus};
pub use import_connections::{ImportConnections, ImportEntry};
pub use list_connections::ListConnections;
pub use read_on::ReadOn;
pub use report::{ConnectionReport, OpenedReport};
pub use search_schema::{Detail, SearchSchema};
pub use show_configurations::ShowConfigurations;
pub use show_status::{EndCall, ServerStatus, ShowStatus};
pub use test_connection::TestConnection;
