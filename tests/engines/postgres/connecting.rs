//! How connections are made, and how far a failed one got.

use std::time::Duration;

use domain::{
    Cancel, ConnectStep, FailureKind,
    connection::{Address, Password, TlsMode},
    query::QueryLimits,
};
use support::{
    databases::{self, config, open, try_open, unique},
    on_postgres,
    rows::Owned,
};

use super::helpers::{number, one, run};

on_postgres!(what_answers_is_told, async |server: &str| {
    let database = open(config(server)).await;

    assert_eq!(database.server.product, "PostgreSQL");
    assert!(
        database
            .server
            .version
            .starts_with(server.trim_start_matches("postgres_"))
    );
    assert_eq!(database.server.tls.as_deref(), Some("TLSv1.3"));
});

on_postgres!(the_session_is_set_up_as_configured, async |server: &str| {
    let mut config = config(server);
    "Asia/Kathmandu".clone_into(&mut config.time_zone);
    config.schema = Some("pg_catalog, public".to_owned());
    config.statement_timeout = Duration::from_millis(12_345);
    let database = open(config).await;
    // Its own limit differs from the session's default for this call alone.
    let limits = QueryLimits {
        time: Duration::from_millis(12_345),
        ..QueryLimits::default()
    };

    for (setting, expected) in [
        ("TimeZone", "Asia/Kathmandu"),
        ("search_path", "pg_catalog, public"),
        ("statement_timeout", "12345ms"),
        ("application_name", "portolan"),
        ("default_transaction_read_only", "on"),
        ("bytea_output", "hex"),
        ("DateStyle", "ISO, MDY"),
        ("client_encoding", "UTF8"),
        ("client_connection_check_interval", "500ms"),
        ("idle_in_transaction_session_timeout", "1min"),
    ] {
        let sql = format!("SHOW {setting}");
        let (rows, _) = run(&database, &sql, limits, 1, &Cancel::new())
            .await
            .unwrap();
        assert_eq!(rows.rows, [[Owned::Text(expected.to_owned())]], "{setting}");
    }
    assert_eq!(
        one(&database, "SHOW statement_timeout").await,
        Owned::Text("30s".to_owned())
    );
});

on_postgres!(
    a_wrong_time_zone_is_found_when_opening,
    async |server: &str| {
        let mut config = config(server);
        "Mars/Olympus".clone_into(&mut config.time_zone);

        let failure = try_open(config).await.unwrap_err();

        assert_eq!(failure.kind, FailureKind::InvalidArgument);
        assert!(failure.hint.unwrap().contains("TIME_ZONE"));
    }
);

on_postgres!(
    every_tls_mode_connects_when_the_server_is_trusted,
    async |server: &str| {
        for (mode, tls) in [
            (TlsMode::Disable, None),
            (TlsMode::Prefer, Some("TLSv1.3")),
            (TlsMode::Require, Some("TLSv1.3")),
            (TlsMode::VerifyCa, Some("TLSv1.3")),
            (TlsMode::VerifyFull, Some("TLSv1.3")),
        ] {
            let mut config = config(server);
            config.tls.mode = mode;
            config.tls.ca = Some(databases::tls_file("ca.pem"));
            assert_eq!(open(config).await.server.tls.as_deref(), tls, "{mode:?}");
        }
    }
);

on_postgres!(
    a_server_that_is_not_trusted_fails_in_the_tls_step,
    async |server: &str| {
        for (mode, ca) in [
            (TlsMode::VerifyCa, Some("other-ca.pem")),
            (TlsMode::VerifyFull, Some("other-ca.pem")),
            (TlsMode::VerifyFull, None),
        ] {
            let mut config = config(server);
            config.tls.mode = mode;
            config.tls.ca = ca.map(databases::tls_file);
            let failure = try_open(config).await.unwrap_err();
            assert_eq!(
                (failure.kind, failure.step),
                (FailureKind::Unavailable, Some(ConnectStep::Tls)),
                "{failure:?}"
            );
        }
        let mut config = config(server);
        config.tls.mode = TlsMode::VerifyFull;
        config.tls.ca = Some("/nowhere/ca.pem".into());
        let failure = try_open(config).await.unwrap_err();
        assert_eq!(failure.step, Some(ConnectStep::Tls), "{failure:?}");
        assert!(!failure.message.contains("nowhere"));
    }
);

on_postgres!(a_client_certificate_signs_in, async |server: &str| {
    let mut config = config(server);
    config.user = Some("certuser".to_owned());
    config.password = None;
    config.tls.mode = TlsMode::VerifyFull;
    config.tls.ca = Some(databases::tls_file("ca.pem"));
    let failure = try_open(config.clone()).await.unwrap_err();
    assert_eq!(failure.step, Some(ConnectStep::SignIn), "{failure:?}");

    config.tls.certificate = Some(databases::tls_file("client.pem"));
    config.tls.key = Some(databases::tls_file("client.key"));
    let database = open(config).await;

    assert_eq!(
        one(&database, "SELECT current_user").await,
        Owned::Text("certuser".to_owned())
    );
});

on_postgres!(a_socket_needs_no_password, async |server: &str| {
    let mut config = config(server);
    let Address::Tcp { port, .. } = config.address else {
        unreachable!()
    };
    config.address = Address::Socket {
        path: databases::server_variable(server, "SOCKET").into(),
        port,
    };
    config.password = None;

    let database = open(config).await;

    assert_eq!(
        one(&database, "SELECT inet_server_addr()").await,
        Owned::Null
    );
});

on_postgres!(
    a_failed_connection_says_how_far_it_got,
    async |server: &str| {
        let good = config(server);
        let Address::Tcp { port, .. } = good.address else {
            unreachable!()
        };
        let at = |host: &str, port| Address::Tcp {
            host: host.to_owned(),
            port,
        };
        let mut password = good.clone();
        password.password = Some(Password::Given("wr0ng-secret".to_owned().into()));
        let mut user = good.clone();
        user.user = Some("nobody-here".to_owned());
        let mut database = good.clone();
        database.database = Some("no-such-database".to_owned());
        let mut closed = good.clone();
        closed.address = at("127.0.0.1", 1);
        let mut name = good.clone();
        name.address = at("no-such-host.invalid", port);
        let mut socket = good.clone();
        socket.address = Address::Socket {
            path: "/no-such-folder".into(),
            port,
        };

        for (config, step, sqlstate) in [
            (password, ConnectStep::SignIn, Some("28P01")),
            (user, ConnectStep::SignIn, Some("28P01")),
            (database, ConnectStep::Database, Some("3D000")),
            (closed, ConnectStep::Tcp, None),
            (name, ConnectStep::NameResolution, None),
            (socket, ConnectStep::Tcp, None),
        ] {
            let failure = try_open(config).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Unavailable, "{failure:?}");
            assert_eq!(failure.step, Some(step), "{failure:?}");
            assert_eq!(failure.sqlstate.as_deref(), sqlstate, "{failure:?}");
            assert!(failure.hint.is_some());
            for told in [&failure.message, failure.hint.as_ref().unwrap()] {
                for secret in ["wr0ng", "nobody-here", "no-such", "127.0.0.1"] {
                    assert!(!told.contains(secret), "{told}");
                }
            }
        }
    }
);

on_postgres!(
    a_password_file_is_read_when_a_connection_is_opened,
    async |server: &str| {
        let mut config = config(server);
        let Some(Password::Given(password)) = config.password.take() else {
            unreachable!()
        };
        let path = std::env::temp_dir().join(unique("portolan_password"));
        std::fs::write(&path, "not yet\n").unwrap();
        config.password = Some(Password::File(path.clone()));
        assert_eq!(
            try_open(config.clone()).await.unwrap_err().step,
            Some(ConnectStep::SignIn)
        );

        std::fs::write(
            &path,
            format!("{}\n", secrecy::ExposeSecret::expose_secret(&password)),
        )
        .unwrap();
        let database = open(config.clone()).await;

        assert_eq!(one(&database, "SELECT 1").await, number("1"));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(
            try_open(config).await.unwrap_err().step,
            Some(ConnectStep::SignIn)
        );
    }
);
