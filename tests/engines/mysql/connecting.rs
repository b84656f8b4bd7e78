//! How connections are made, and how far a failed one got.

use domain::{
    ConnectStep, FailureKind,
    connection::{Address, Password, TlsMode},
};
use support::{
    databases::{config, open, server_variable, tls_file, try_open, unique},
    on_mysql,
    rows::Owned,
};

use super::helpers::{cell, run_beside, text};

on_mysql!(product_and_version_are_the_servers, async |server: &str| {
    let database = open(config(server)).await;

    let (product, prefix) = if server.starts_with("mariadb") {
        ("MariaDB", "10.11.")
    } else {
        ("MySQL", "9.")
    };
    assert_eq!(database.server.product, product);
    assert!(
        database.server.version.starts_with(prefix),
        "{:?}",
        database.server
    );
    assert!(
        database
            .server
            .version
            .chars()
            .all(|c| c.is_ascii_digit() || c == '.')
    );
});

on_mysql!(
    prefer_encrypts_where_the_server_can,
    async |server: &str| {
        let database = open(config(server)).await;

        assert_eq!(database.server.tls.as_deref(), Some("TLSv1.3"));
    }
);

on_mysql!(disable_stays_in_the_clear, async |server: &str| {
    // The server now knows the password, and takes its hash in the clear.
    open(config(server)).await;
    let mut config = config(server);
    config.tls.mode = TlsMode::Disable;

    assert_eq!(open(config).await.server.tls, None);
});

on_mysql!(
    verify_full_trusts_the_given_authority,
    async |server: &str| {
        let mut config = config(server);
        config.tls.mode = TlsMode::VerifyFull;
        config.tls.ca = Some(tls_file("ca.pem"));

        assert_eq!(open(config).await.server.tls.as_deref(), Some("TLSv1.3"));
    }
);

on_mysql!(verify_ca_refuses_another_authority, async |server: &str| {
    let mut config = config(server);
    config.tls.mode = TlsMode::VerifyCa;
    config.tls.ca = Some(tls_file("other-ca.pem"));

    let failure = try_open(config).await.unwrap_err();

    assert_eq!(
        (failure.kind, failure.step),
        (FailureKind::Unavailable, Some(ConnectStep::Tls))
    );
    assert!(failure.hint.unwrap().contains("SSL_CA"));
});

on_mysql!(
    a_missing_authority_file_fails_at_the_tls_step,
    async |server: &str| {
        let mut config = config(server);
        config.tls.mode = TlsMode::VerifyFull;
        config.tls.ca = Some("/nowhere/ca.pem".into());

        let failure = try_open(config).await.unwrap_err();

        assert_eq!(failure.step, Some(ConnectStep::Tls));
        assert!(!failure.message.contains("nowhere"), "{failure}");
    }
);

on_mysql!(
    an_account_with_a_certificate_signs_in,
    async |server: &str| {
        let mut config = config(server);
        config.user = Some("certuser".to_owned());
        config.tls.mode = TlsMode::VerifyFull;
        config.tls.ca = Some(tls_file("ca.pem"));

        let refused = try_open(config.clone()).await.unwrap_err();
        config.tls.certificate = Some(tls_file("client.pem"));
        config.tls.key = Some(tls_file("client.key"));
        let database = open(config).await;

        assert_eq!(refused.step, Some(ConnectStep::SignIn));
        assert_eq!(
            cell(&database, "SELECT CURRENT_USER()", vec![]).await,
            text("certuser@%")
        );
    }
);

on_mysql!(the_socket_works_too, async |server: &str| {
    let mut config = config(server);
    config.address = Address::Socket {
        path: server_variable(server, "SOCKET").into(),
        port: 3306,
    };

    assert_eq!(
        cell(&open(config).await, "SELECT 1", vec![]).await,
        Owned::Int(1)
    );
});

on_mysql!(
    a_socket_that_is_not_there_fails_at_the_tcp_step,
    async |server: &str| {
        let mut config = config(server);
        config.address = Address::Socket {
            path: "/nowhere/server.sock".into(),
            port: 3306,
        };

        let failure = try_open(config).await.unwrap_err();

        assert_eq!(
            (failure.kind, failure.step),
            (FailureKind::Unavailable, Some(ConnectStep::Tcp))
        );
    }
);

on_mysql!(
    a_wrong_password_fails_at_the_sign_in_and_names_nobody,
    async |server: &str| {
        let mut config = config(server);
        config.password = Some(Password::Given("wrong".to_owned().into()));

        let failure = try_open(config).await.unwrap_err();

        assert_eq!(
            (failure.kind, failure.step),
            (FailureKind::Unavailable, Some(ConnectStep::SignIn))
        );
        assert_eq!(failure.native_code, Some(1045));
        let told = serde_json::to_string(&failure).unwrap();
        for secret in ["wrong", "portolan", "127.0.0.1", "localhost"] {
            assert!(!told.contains(secret), "{told}");
        }
    }
);

on_mysql!(
    a_password_with_every_special_character_works,
    async |server: &str| {
        let mut config = config(server);
        config.user = Some("nasty".to_owned());
        config.password = Some(Password::Given("p@ss:w/o?r#d[1]% x".to_owned().into()));

        open(config).await;
    }
);

on_mysql!(
    a_password_file_is_read_again_each_time,
    async |server: &str| {
        let mut config = config(server);
        let Some(Password::Given(right)) = config.password.clone() else {
            unreachable!("the suite's accounts have passwords")
        };
        let path = std::env::temp_dir().join(unique("portolan_password"));
        config.password = Some(Password::File(path.clone()));

        let missing = try_open(config.clone()).await.unwrap_err();
        std::fs::write(&path, "wrong\n").unwrap();
        let wrong = try_open(config.clone()).await.unwrap_err();
        std::fs::write(
            &path,
            format!("{}\n", secrecy::ExposeSecret::expose_secret(&right)),
        )
        .unwrap();
        open(config).await;

        assert_eq!(missing.step, Some(ConnectStep::SignIn));
        assert_eq!(wrong.native_code, Some(1045));
        std::fs::remove_file(path).unwrap();
    }
);

on_mysql!(
    an_unknown_database_fails_at_the_database_step,
    async |server: &str| {
        let mut config = config(server);
        config.database = Some("no_such_database".to_owned());

        let failure = try_open(config).await.unwrap_err();

        assert_eq!(
            (failure.kind, failure.step),
            (FailureKind::Unavailable, Some(ConnectStep::Database))
        );
    }
);

on_mysql!(
    a_database_without_access_fails_at_the_database_step,
    async |server: &str| {
        let mut config = config(server);
        config.user = Some("portolan_reader".to_owned());
        config.database = Some("mysql".to_owned());

        let failure = try_open(config).await.unwrap_err();

        assert_eq!(failure.step, Some(ConnectStep::Database));
        assert!(!failure.message.contains("reader"), "{failure}");
    }
);

on_mysql!(a_closed_port_fails_at_the_tcp_step, async |server: &str| {
    let mut config = config(server);
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    config.address = Address::Tcp {
        host: "127.0.0.1".to_owned(),
        port,
    };

    let failure = try_open(config).await.unwrap_err();

    assert_eq!(
        (failure.kind, failure.step),
        (FailureKind::Unavailable, Some(ConnectStep::Tcp))
    );
});

on_mysql!(an_unknown_host_fails_at_the_name, async |server: &str| {
    let mut config = config(server);
    config.address = Address::Tcp {
        host: "no-such-host.invalid".to_owned(),
        port: 3306,
    };

    let failure = try_open(config).await.unwrap_err();

    assert_eq!(failure.step, Some(ConnectStep::NameResolution));
});

on_mysql!(an_unknown_time_zone_is_told, async |server: &str| {
    let mut config = config(server);
    "Atlantis/Capital".clone_into(&mut config.time_zone);

    let failure = try_open(config).await.unwrap_err();

    assert_eq!(
        (failure.kind, failure.step, failure.native_code),
        (
            FailureKind::InvalidArgument,
            Some(ConnectStep::Query),
            Some(1298)
        )
    );
});

#[tokio::test]
async fn a_hashed_sign_in_without_encryption_hints_at_the_mode() {
    let server = "mysql_9";
    if !support::databases::asked_for(server) {
        return;
    }
    let user = unique("unknown_hash");
    // Nobody has signed in with it yet, so the server wants the password itself, encrypted.
    run_beside(
        server,
        format!("CREATE USER {user}@'%' IDENTIFIED WITH caching_sha2_password BY 'secret'"),
    )
    .await;
    let mut config = config(server);
    config.user = Some(user.clone());
    config.database = None;
    config.tls.mode = TlsMode::Disable;

    let failure = try_open(config).await.unwrap_err();

    run_beside(server, format!("DROP USER {user}@'%'")).await;
    assert_eq!(failure.step, Some(ConnectStep::SignIn));
    assert!(failure.hint.unwrap().contains("SSL_MODE=require"));
}
