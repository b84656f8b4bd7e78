//! A database of the test's own on `MySQL` or `MariaDB`, as an account that may do everything.

use async_trait::async_trait;
use domain::connection::ConnectionConfig;
use sqlx::{ConnectOptions as _, mysql::MySqlConnectOptions};
use support::databases::{config, server_variable, unique};

use super::{bare::Bare, field::Field};

pub(super) struct MySqlField {
    server: &'static str,
    name: String,
    options: MySqlConnectOptions,
    beside: Bare,
    reader: Option<String>,
}

/// Longer than any lock is held by anything but an attack.
const IMPATIENT: &str = "SET SESSION lock_wait_timeout = 1, innodb_lock_wait_timeout = 1";
const PATIENT: &str = "SET SESSION lock_wait_timeout = 60, innodb_lock_wait_timeout = 60";

impl MySqlField {
    pub(super) async fn new(server: &'static str) -> Self {
        let name = unique("attacks");
        let url = server_variable(server, "URL").replacen("mariadb:", "mysql:", 1);
        let shared: MySqlConnectOptions = url.parse().unwrap();
        let shared = shared.disable_statement_logging();
        let mut admin = connect(&shared).await;
        admin.run(&format!("CREATE DATABASE {name}")).await;
        admin.close().await;
        let options = shared.database(&name);
        let mut beside = connect(&options).await;
        beside.run(IMPATIENT).await;
        Self {
            server,
            name,
            options,
            beside,
            reader: None,
        }
    }
}

async fn connect(options: &MySqlConnectOptions) -> Bare {
    Bare::MySql(Box::new(options.connect().await.unwrap()))
}

#[async_trait]
impl Field for MySqlField {
    async fn reset(&mut self, scrap: &str, make: &str) {
        // Sessions that have just been ended may hold their locks for a while yet.
        self.beside.run(PATIENT).await;
        self.beside.tidy(scrap).await;
        self.beside.run(make).await;
        self.beside.run(IMPATIENT).await;
    }

    async fn bare(&self) -> Bare {
        connect(&self.options).await
    }

    async fn employ(&mut self, remedy: &str) -> String {
        let name = unique("attacker");
        self.beside
            .run(&remedy.replace("portolan_readonly", &name))
            .await;
        self.reader = Some(name);
        String::new()
    }

    async fn reader(&mut self) -> Bare {
        let name = self.reader.as_deref().expect("it was employed");
        let options = self.options.clone().username(name);
        connect(&options.password("Change-this-password-1")).await
    }

    fn beside(&mut self) -> &mut Bare {
        &mut self.beside
    }

    async fn state(&mut self, sql: &str) -> String {
        self.beside.ask(sql).await.unwrap_or_else(|error| error)
    }

    fn config(&self) -> ConnectionConfig {
        let mut config = config(self.server);
        config.database = Some(self.name.clone());
        config.pool.max_connections = 1;
        config
    }

    fn session_number(&self) -> Option<&'static str> {
        Some("SELECT CONNECTION_ID()")
    }

    fn alone(&self) -> Option<(&'static str, &'static str)> {
        Some((
            "SELECT GET_LOCK('attacks_alone', 100)",
            "SELECT RELEASE_LOCK('attacks_alone')",
        ))
    }

    fn named(&self, text: &str) -> String {
        text.replace("{db}", &self.name)
    }

    async fn take_away(mut self: Box<Self>) {
        let name = &self.name;
        self.beside.run(&format!("DROP DATABASE {name}")).await;
        if let Some(reader) = &self.reader {
            self.beside.run(&format!("DROP USER {reader}")).await;
        }
        self.beside.close().await;
    }
}
