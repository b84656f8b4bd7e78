//! The tools: one file each, and the list of them.

mod close_connection;
mod connect_database;
mod connect_from_config;
mod connection_info;
mod describe_table;
mod execute_query;
mod explain_query;
mod export_connections;
mod find_join_path;
mod get_health_status;
mod import_connections;
mod list_connections;
mod search_schema;
mod selection;
mod show_configurations;
mod test_connection;
mod tool;
mod toolbox;

pub use self::selection::ToolSelection;
use self::tool::Entry;
pub(super) use self::toolbox::{Offered, Toolbox};

/// Every tool, in the order in which clients see them. A new tool is its file, the line above and a line here.
const TOOLS: &[Entry] = &[
    Entry::of::<execute_query::ExecuteQueryTool>(),
    Entry::of::<search_schema::SearchSchemaTool>(),
    Entry::of::<describe_table::DescribeTableTool>(),
    Entry::of::<find_join_path::FindJoinPathTool>(),
    Entry::of::<explain_query::ExplainQueryTool>(),
    Entry::of::<list_connections::ListConnectionsTool>(),
    Entry::of::<show_configurations::ShowConfigurationsTool>(),
    Entry::of::<connect_from_config::ConnectFromConfigTool>(),
    Entry::of::<connect_database::ConnectDatabaseTool>(),
    Entry::of::<test_connection::TestConnectionTool>(),
    Entry::of::<connection_info::ConnectionInfoTool>(),
    Entry::of::<close_connection::CloseConnectionTool>(),
    Entry::of::<export_connections::ExportConnectionsTool>(),
    Entry::of::<import_connections::ImportConnectionsTool>(),
    Entry::of::<get_health_status::GetHealthStatusTool>(),
];
