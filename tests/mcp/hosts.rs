//! Which hosts, sockets and files a client can reach through the arguments of its calls.

use serde_json::{Value, json};
use support::client::{Launch, Server};

fn of_host(kind: &str, host: &str) -> Value {
    json!({"type": kind, "host": host, "port": 1, "database": "d", "user": "u", "password": "p"})
}

#[tokio::test]
async fn a_client_reaches_no_link_local_address_and_no_socket() {
    let mut server = Server::start(Launch::default()).await;
    for host in [
        "169.254.169.254",
        "2852039166",
        "0xa9.254.0251.254",
        "[::ffff:169.254.169.254]",
        "fe80::1%lo",
        "/var/run/postgresql",
    ] {
        for kind in ["postgresql", "mysql"] {
            let failure = server
                .call("connect_database", of_host(kind, host))
                .await
                .failure();

            assert_eq!(failure["kind"], "not_allowed", "{kind} {host}: {failure}");
            assert!(
                failure["hint"]
                    .as_str()
                    .unwrap()
                    .contains("MCP_ALLOWED_HOSTS"),
                "{failure}"
            );
        }
    }
}

#[tokio::test]
async fn a_url_reaches_no_more_than_arguments_do() {
    let mut server = Server::start(Launch::default()).await;
    for url in [
        "postgres://u:p@169.254.169.254/d",
        "postgres://u:p@[fd00:ec2::254]/d",
        "postgres://u:p@/d?host=169.254.169.254",
        "postgres://u:p@%2Fvar%2Frun%2Fpostgresql/d",
        "postgres://u:p@/d?host=/var/run/postgresql",
        "mysql://u:p@/d?socket=/var/run/mysqld/mysqld.sock",
        "mysql://u:p@0xa9fea9fe/d",
    ] {
        let failure = server
            .call("connect_database", json!({"url": url}))
            .await
            .failure();

        assert_eq!(failure["kind"], "not_allowed", "{url}: {failure}");
    }
}

#[tokio::test]
async fn no_word_of_a_url_names_a_file_or_another_configuration() {
    let mut server = Server::start(Launch::default()).await;
    for word in [
        "sslrootcert=/etc/passwd",
        "sslcert=/etc/passwd",
        "sslkey=/etc/passwd",
        "ssl-ca=/etc/passwd",
        "passwordFile=/etc/passwd",
        "passfile=/etc/passwd",
        "service=prod",
        "servicefile=/etc/passwd",
        "hostaddr=169.254.169.254",
        "options=-csession_preload_libraries%3Dx",
        "readOnly=false",
        "allowServerFiles=true",
    ] {
        let url = format!("postgres://u:p@127.0.0.1:1/d?{word}");
        let failure = server
            .call("connect_database", json!({"url": url}))
            .await
            .failure();

        assert_eq!(failure["kind"], "invalid_argument", "{word}: {failure}");
    }
}

#[tokio::test]
async fn no_client_attaches_a_file() {
    let mut server = Server::start(Launch::default()).await;
    for arguments in [
        json!({"url": "sqlite:x.db?attach=y%3D%2Fetc%2Fpasswd"}),
        json!({"type": "sqlite", "database": "x.db", "attach": "y=z.db"}),
    ] {
        let failure = server.call("connect_database", arguments).await.failure();

        assert_eq!(failure["kind"], "invalid_argument", "{failure}");
    }
}

#[tokio::test]
async fn an_entry_that_is_imported_reaches_no_more_and_is_told_the_setting() {
    let mut server = Server::start(Launch::default()).await;
    let entry = of_host("postgresql", "169.254.169.254");

    let imported = server
        .call("import_connections", json!({"connections": {"m": entry}}))
        .await
        .ok();

    let result = &imported["connections"]["m"];
    assert_eq!(result["result"], "rejected", "{imported}");
    assert!(
        result["reason"]
            .as_str()
            .unwrap()
            .contains("MCP_ALLOWED_HOSTS"),
        "{imported}"
    );
}

#[tokio::test]
async fn an_operator_says_which_hosts_a_client_reaches() {
    let launch = Launch::default().with("MCP_ALLOWED_HOSTS", "127.0.0.0/8,/tmp");
    let mut server = Server::start(launch).await;
    for (host, kind) in [
        ("127.0.0.1", "unavailable"),
        ("/tmp", "unavailable"),
        ("localhost", "not_allowed"),
        ("/run", "not_allowed"),
        ("10.0.0.1", "not_allowed"),
    ] {
        let failure = server
            .call("connect_database", of_host("postgresql", host))
            .await
            .failure();

        assert_eq!(failure["kind"], kind, "{host}: {failure}");
    }
}
