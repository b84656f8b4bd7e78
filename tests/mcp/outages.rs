//! Databases that are not there when the server starts.

use domain::connection::{Address, ConnectionConfig};
use serde_json::json;
use support::{
    client::{Launch, Server},
    on_every_engine,
    proxy::Proxy,
    subject::Subject,
};

pub(crate) fn place(config: &ConnectionConfig) -> String {
    match &config.address {
        Address::Tcp { host, port } => format!("{host}:{port}"),
        other => panic!("not reached over TCP: {other:?}"),
    }
}

on_every_engine!(
    a_database_that_comes_up_after_the_server_is_used_then: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        // GIVEN a server that was started while its database was down
        let mut config = subject.config();
        let direct = place(&config);
        let mut proxy = Proxy::before(&mut config).await;
        let url = subject.url().replace(&direct, &place(&config));
        proxy.cut().await;
        let mut server = Server::start(Launch::default().database("db", url)).await;
        for _ in 0..2 {
            let arguments = json!({"sql": "SELECT 1"});
            let failure = server.call("execute_query", arguments).await.failure();
            assert_eq!((&failure["kind"], &failure["step"]), (&json!("unavailable"), &json!("tcp")));
        }

        // WHEN it comes up
        proxy.mend().await;

        // THEN it is used, and nothing was to be restarted
        assert_eq!(server.query("SELECT 1").await["rows"], json!([[1]]));
    }
);
