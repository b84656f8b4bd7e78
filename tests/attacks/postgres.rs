//! A `PostgreSQL` database of the test's own, as its superuser.

use async_trait::async_trait;
use domain::connection::ConnectionConfig;
use sqlx::{
    ConnectOptions as _,
    postgres::{PgConnectOptions, PgListener, PgSslMode},
};
use support::databases::{config, server_variable, unique};

use super::{bare::Bare, field::Field};

pub(super) struct PostgresField {
    server: &'static str,
    name: String,
    options: PgConnectOptions,
    /// The port as the server itself knows it.
    port: String,
    beside: Bare,
    listener: PgListener,
    reader: Option<String>,
}

impl PostgresField {
    pub(super) async fn new(server: &'static str) -> Self {
        let name = unique("attacks");
        let shared: PgConnectOptions = server_variable(server, "URL").parse().unwrap();
        let shared = shared
            .ssl_mode(PgSslMode::Disable)
            .disable_statement_logging();
        let mut admin = connect(&shared).await;
        admin.run(&format!("CREATE DATABASE {name}")).await;
        admin
            .run(&format!(
                "ALTER DATABASE {name} SET search_path = public, extensions"
            ))
            .await;
        let port = admin.ask("SHOW port").await.unwrap();
        admin.close().await;
        // Longer than any lock is held by anything but an attack.
        let options = shared.database(&name).options([("lock_timeout", "300ms")]);
        let pool = sqlx::Pool::connect_lazy_with(options.clone());
        let mut listener = PgListener::connect_with(&pool).await.unwrap();
        listener.listen("heard").await.unwrap();
        Self {
            server,
            port,
            beside: connect(&options).await,
            options,
            listener,
            name,
            reader: None,
        }
    }

    /// How many notifications have come since the last look.
    async fn heard(&mut self) -> u32 {
        self.beside.run("NOTIFY heard, 'the last'").await;
        let mut heard = 0;
        while self.listener.recv().await.unwrap().payload() != "the last" {
            heard += 1;
        }
        heard
    }
}

async fn connect(options: &PgConnectOptions) -> Bare {
    Bare::Postgres(Box::new(options.connect().await.unwrap()))
}

#[async_trait]
impl Field for PostgresField {
    async fn reset(&mut self, scrap: &str, make: &str) {
        self.beside.run(scrap).await;
        self.beside.run(make).await;
    }

    async fn bare(&self) -> Bare {
        connect(&self.options).await
    }

    async fn employ(&mut self, remedy: &str) -> String {
        let name = unique("attacks_reader");
        let remedy = remedy.replace("portolan_readonly", &name);
        self.beside.run(&remedy).await;
        self.reader = Some(name);
        // What is made anew is granted to everybody anew.
        let again = remedy
            .lines()
            .filter(|line| line.starts_with("REVOKE") || line.starts_with("DO"));
        again.flat_map(|line| [line, "\n"]).collect()
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
        let state = self.beside.ask(sql).await.unwrap_or_else(|error| error);
        format!("{state}\nnotifications: {}", self.heard().await)
    }

    fn config(&self) -> ConnectionConfig {
        let mut config = config(self.server);
        config.database = Some(self.name.clone());
        config.pool.max_connections = 1;
        config
    }

    fn session_number(&self) -> Option<&'static str> {
        Some("SELECT pg_backend_pid()")
    }

    fn alone(&self) -> Option<(&'static str, &'static str)> {
        // Roles and databases are seen everywhere, advisory locks in their own database only.
        Some((
            "SELECT extensions.dblink_connect('alone', 'host=127.0.0.1 password=secret user=portolan dbname=postgres port=' || current_setting('port')); \
             SELECT * FROM extensions.dblink('alone', 'SELECT pg_advisory_lock(3)::text') AS t(locked text)",
            "SELECT extensions.dblink_disconnect('alone')",
        ))
    }

    fn named(&self, text: &str) -> String {
        text.replace("{db}", &self.name)
            .replace("{port}", &self.port)
    }

    async fn take_away(self: Box<Self>) {
        let name = self.name.clone();
        self.beside.close().await;
        drop(self.listener);
        let mut admin = connect(&self.options.database("postgres")).await;
        admin
            .tidy(&format!("DROP DATABASE {name} WITH (FORCE)"))
            .await;
        if let Some(reader) = self.reader {
            admin.run(&format!("DROP ROLE {reader}")).await;
        }
        admin.close().await;
    }
}
