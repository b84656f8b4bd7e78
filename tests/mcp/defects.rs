//! A defect in one call is no one else's trouble.

use std::sync::Arc;

use adapters::{
    inbound::mcp::{Around, McpOptions, McpServer},
    outbound::Roots,
};
use application::{ad_hoc::AdHoc, registry::Registry};
use async_trait::async_trait;
use domain::{
    Cancel, Failure,
    connection::{
        Addressing, AllowedHosts, ConnectionConfig, ConnectionName, Connector, Database,
        EngineFacts, Identity, KnownConfiguration,
        parameters::{GivenValue, Layer, Origin},
    },
};
use serde_json::{Value, json};

const FACTS: EngineFacts = EngineFacts {
    name: "broken",
    words: &["broken"],
    addressing: Addressing::File,
    schemas: false,
    poolers: false,
    tells_tables: true,
    row_security: Identity::None,
};

/// An engine with a defect.
struct Broken;

#[async_trait]
impl Connector for Broken {
    async fn open(&self, _: Arc<ConnectionConfig>) -> Result<Database, Failure> {
        panic!("a password, perhaps")
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_failure_and_the_next_call_works() {
    let layer = Layer::of_url(
        "test",
        Origin::Operator,
        "url",
        GivenValue::text("broken:x.db"),
    );
    let name = ConnectionName::new("x").unwrap();
    let known = KnownConfiguration::from_layers(name, &[layer], &[FACTS]);
    let registry = Registry::new([(FACTS.name, Arc::new(Broken) as _)], [known]);
    let ad_hoc = AdHoc::new(
        false,
        Vec::new(),
        Arc::new(Roots::new([])),
        AllowedHosts::default(),
    );
    let server = McpServer::new(
        Arc::new(registry),
        ad_hoc,
        McpOptions::default(),
        Around::default(),
    );
    let call = async |tool: &str, arguments: Value| {
        let arguments = arguments.as_object().unwrap().clone();
        server
            .call(tool, arguments, server.local_caller(), Cancel::new())
            .await
            .unwrap()
    };

    let broken = call("execute_query", json!({"sql": "SELECT 1"})).await;
    let next = call("list_connections", json!({})).await;

    assert!(broken.is_error);
    assert_eq!(
        broken.text,
        r#"{"kind":"internal","message":"The call met a defect of this server.","hint":"Try it another way. Whoever runs this server finds the cause in its log."}"#
    );
    assert_eq!(next.text, r#"{"connections":[]}"#);
}

#[tokio::test]
async fn tools_for_connections_of_ones_own_are_not_there_where_they_are_switched_off() {
    let registry = Arc::new(Registry::new([], []));
    let ad_hoc = AdHoc::new(
        false,
        Vec::new(),
        Arc::new(Roots::new([])),
        AllowedHosts::default(),
    );
    let server = McpServer::new(registry, ad_hoc, McpOptions::default(), Around::default());

    for tool in ["connect_database", "import_connections"] {
        let refused = server
            .call(
                tool,
                serde_json::Map::new(),
                server.local_caller(),
                Cancel::new(),
            )
            .await;
        assert!(
            refused.unwrap_err().starts_with("There is no tool"),
            "{tool}"
        );
    }
}
