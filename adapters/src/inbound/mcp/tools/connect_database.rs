//! `connect_database`: opens a connection from given values.

use application::use_cases::ConnectDatabase;
use domain::Failure;
use rmcp::model::JsonObject;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use validator::{Validate, ValidationErrors};

use super::{
    super::{call::Call, server::McpServer},
    tool::{Group, Hints, Tool, json},
};

/// What the model reads of the arguments. Their checks are those of every configuration, wherever it comes from, so
/// the arguments themselves are handed on as they are.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
struct Described {
    /// postgresql, mysql, mariadb or sqlite.
    r#type: Option<String>,
    /// Instead of the rest.
    url: Option<String>,
    /// Or socket path.
    host: Option<String>,
    port: Option<u16>,
    /// For sqlite the file.
    database: Option<String>,
    user: Option<String>,
    password: Option<String>,
    /// Default: the type.
    name: Option<String>,
    ssl: Option<bool>,
    /// Default 10.
    max_connections: Option<u32>,
    /// In ms.
    idle_timeout: Option<u64>,
    /// In ms.
    connection_timeout: Option<u64>,
    /// In ms.
    acquire_timeout: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Params(JsonObject);

impl JsonSchema for Params {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Described::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Described::json_schema(generator)
    }
}

impl Validate for Params {
    fn validate(&self) -> Result<(), ValidationErrors> {
        Ok(())
    }
}

pub(super) struct ConnectDatabaseTool;

impl Tool for ConnectDatabaseTool {
    const NAME: &'static str = "connect_database";
    const TITLE: &'static str = "Connect a database";
    const DESCRIPTION: &'static str = "Opens a read-only connection to a database that is not configured: \
         from type, host, database, user and password; type and database for sqlite; or url.";
    const GROUP: Group = Group::AdHoc;
    type Params = Params;

    fn hints(_: bool) -> Hints {
        Hints::SETTLES
    }

    fn read(arguments: JsonObject, _: &JsonObject) -> Result<Params, Failure> {
        Ok(Params(arguments))
    }

    async fn call(server: &McpServer, params: Params, call: &Call) -> Result<String, Failure> {
        let connect = ConnectDatabase {
            arguments: params.0,
        };
        let view = server.view(call);
        let opened = connect.execute(&view, server.ad_hoc());
        json(&call.unless_cancelled(opened).await?)
    }
}
