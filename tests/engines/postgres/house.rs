//! A database with a role of its own, for facts about what roles may do.

use domain::connection::{ConnectionConfig, Finding, FindingKind, Password};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, raw_sql};
use support::{
    databases::{config, open, server_variable, unique},
    waiting::until,
};

const PASSWORD: &str = "Change-this-password-1";

/// A database and a role of one test's own, and an administrator in it.
pub(super) struct House {
    server: String,
    /// The name of the database, and of the role that may do nothing yet.
    pub(super) name: String,
    url: String,
    administrator: PgConnection,
}

impl House {
    pub(super) async fn on(server: &str) -> Self {
        let name = unique("posture");
        let mut outside = PgConnection::connect(&server_variable(server, "URL"))
            .await
            .unwrap();
        for sql in [
            format!("CREATE DATABASE {name}"),
            format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'"),
        ] {
            run(&mut outside, sql).await;
        }
        outside.close().await.unwrap();
        let mut url = url::Url::parse(&server_variable(server, "URL")).unwrap();
        url.set_path(&name);
        let mut house = Self {
            server: server.to_owned(),
            administrator: PgConnection::connect(url.as_str()).await.unwrap(),
            url: url.into(),
            name,
        };
        house
            .run(
                "CREATE TABLE notes (n int); CREATE SEQUENCE numbers; INSERT INTO notes VALUES (7)",
            )
            .await;
        house
    }

    /// As the administrator; `{role}` is the role.
    pub(super) async fn run(&mut self, sql: &str) {
        run(&mut self.administrator, sql.replace("{role}", &self.name)).await;
    }

    /// What the server refuses the administrator with: its code.
    pub(super) async fn refused(&mut self, sql: &str) -> Option<String> {
        let refused = raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut self.administrator)
            .await
            .expect_err(sql);
        let code = refused.as_database_error()?.code()?;
        Some(code.into_owned())
    }

    /// The first column of an answer to the administrator, as text.
    pub(super) async fn texts(&mut self, sql: &str) -> Vec<String> {
        let rows = raw_sql(AssertSqlSafe(sql.to_owned()))
            .fetch_all(&mut self.administrator)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter()
            .map(|row| row.try_get_raw(0).unwrap().as_str().unwrap().to_owned())
            .collect()
    }

    /// Begins another session: the one that ends tells at once what it has counted.
    pub(super) async fn settle(&mut self) {
        let ended = self.texts("SELECT pg_backend_pid()::text").await.remove(0);
        let next = PgConnection::connect(&self.url).await.unwrap();
        let before = std::mem::replace(&mut self.administrator, next);
        before.close().await.unwrap();
        let left = format!("SELECT count(*)::text FROM pg_stat_activity WHERE pid = {ended}");
        until("the session has ended", async || {
            self.texts(&left).await == ["0"]
        })
        .await;
    }

    /// As a role of this test.
    pub(super) fn config(&self, role: &str) -> ConnectionConfig {
        let mut config = config(&self.server);
        config.database = Some(self.name.clone());
        config.user = Some(role.to_owned());
        config.password = Some(Password::Given(PASSWORD.to_owned().into()));
        config
    }

    pub(super) async fn findings(&self) -> Vec<Finding> {
        let database = open(self.config(&self.name)).await;
        let findings = database.posture.findings().to_vec();
        database.pool.close().await;
        findings
    }

    /// What is found once `sql` was run; `undo` takes it back.
    pub(super) async fn after(&mut self, sql: &str, undo: &str) -> Vec<(FindingKind, bool)> {
        self.run(sql).await;
        let findings = self.findings().await;
        self.run(undo).await;
        findings
            .into_iter()
            .map(|finding| (finding.kind, finding.writes))
            .collect()
    }

    pub(super) async fn leave(self, further_roles: &[&str]) {
        self.administrator.close().await.unwrap();
        let mut outside = PgConnection::connect(&server_variable(&self.server, "URL"))
            .await
            .unwrap();
        run(
            &mut outside,
            format!("DROP DATABASE {} WITH (FORCE)", self.name),
        )
        .await;
        for role in [self.name.as_str()].iter().chain(further_roles) {
            run(&mut outside, format!("DROP ROLE {role}")).await;
        }
        outside.close().await.unwrap();
    }
}

async fn run(connection: &mut PgConnection, sql: String) {
    raw_sql(AssertSqlSafe(sql.clone()))
        .execute(connection)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}
