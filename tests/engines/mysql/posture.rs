//! What the account could do beyond reading, found when a database is opened.

use domain::connection::{ConnectionConfig, Finding, FindingKind, Password};
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, raw_sql};
use support::{
    databases::{config, open, unique},
    on_mysql,
    rows::Owned,
};

use super::helpers::{beside, cell};

const PASSWORD: &str = "Change-this-password-1";

/// A database and an account of one test's own, and an administrator.
struct House {
    server: String,
    /// The name of the database, and of the account that may do nothing yet.
    name: String,
    administrator: MySqlConnection,
}

impl House {
    async fn on(server: &str) -> Self {
        let name = unique("posture");
        let mut house = Self {
            server: server.to_owned(),
            administrator: beside(server).await,
            name,
        };
        for sql in [
            "CREATE DATABASE {name}",
            "CREATE TABLE {name}.notes (n int, m int)",
            "INSERT INTO {name}.notes VALUES (7, 8)",
            "CREATE USER {name} IDENTIFIED BY 'Change-this-password-1'",
            "GRANT SELECT ON {name}.* TO {name}",
        ] {
            house.run(sql).await;
        }
        house
    }

    /// As the administrator, one statement; `{name}` is the database and the account.
    async fn run(&mut self, sql: &str) {
        let sql = sql.replace("{name}", &self.name);
        raw_sql(AssertSqlSafe(sql.clone()))
            .execute(&mut self.administrator)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn config(&self, account: &str) -> ConnectionConfig {
        let mut config = config(&self.server);
        config.database = Some(self.name.clone());
        config.user = Some(account.to_owned());
        config.password = Some(Password::Given(PASSWORD.to_owned().into()));
        config
    }

    async fn findings(&self) -> Vec<Finding> {
        let database = open(self.config(&self.name)).await;
        let findings = database.posture.findings().to_vec();
        database.pool.close().await;
        findings
    }

    async fn leave(mut self, further: &[String]) {
        self.run("DROP DATABASE {name}").await;
        self.run("DROP USER {name}").await;
        for drop in further {
            self.run(drop).await;
        }
        self.administrator.close().await.unwrap();
    }
}

on_mysql!(a_superuser_is_told_as_nothing_else, async |server: &str| {
    let database = open(config(server)).await;

    assert_eq!(
        database.posture.findings(),
        [Finding::new(
            FindingKind::Superuser,
            true,
            "It holds SUPER or every privilege on the whole server."
        )]
    );
});

on_mysql!(
    an_account_that_may_only_select_has_no_findings,
    async |server: &str| {
        let house = House::on(server).await;

        let found = house.findings().await;

        assert_eq!(found, []);
        house.leave(&[]).await;
    }
);

on_mysql!(
    each_privilege_beyond_reading_is_found,
    async |server: &str| {
        use FindingKind::{
            ChangesSchema, ControlsServer, CreatesRoles, GrantsPrivileges, LocksTables,
            Replication, RunsRoutines, SeesSessions, ServerFiles, WritesTables,
        };
        let mut house = House::on(server).await;
        for (privilege, place, kind, writes) in [
            ("FILE", "*.*", ServerFiles, true),
            ("PROCESS", "*.*", SeesSessions, false),
            ("RELOAD", "*.*", ControlsServer, true),
            ("SHUTDOWN", "*.*", ControlsServer, true),
            ("CREATE USER", "*.*", CreatesRoles, true),
            ("REPLICATION CLIENT", "*.*", Replication, false),
            ("INSERT", "*.*", WritesTables, true),
            ("DELETE", "{name}.*", WritesTables, true),
            ("UPDATE", "{name}.notes", WritesTables, true),
            ("INSERT (n, m)", "{name}.notes", WritesTables, true),
            ("DROP", "{name}.*", ChangesSchema, true),
            ("TRIGGER", "{name}.*", ChangesSchema, true),
            ("EVENT", "{name}.*", ChangesSchema, true),
            ("CREATE ROUTINE", "{name}.*", ChangesSchema, true),
            ("EXECUTE", "{name}.*", RunsRoutines, true),
            ("LOCK TABLES", "{name}.*", LocksTables, false),
            ("GRANT OPTION", "{name}.*", GrantsPrivileges, true),
        ] {
            house
                .run(&format!("GRANT {privilege} ON {place} TO {{name}}"))
                .await;
            let kinds: Vec<_> = house
                .findings()
                .await
                .into_iter()
                .map(|finding| (finding.kind, finding.writes))
                .collect();
            house
                .run(&format!("REVOKE {privilege} ON {place} FROM {{name}}"))
                .await;
            assert_eq!(kinds, [(kind, writes)], "{privilege}");
        }
        assert_eq!(house.findings().await, []);
        house.leave(&[]).await;
    }
);

on_mysql!(
    an_active_role_counts_and_another_is_told,
    async |server: &str| {
        let mut house = House::on(server).await;
        let (on, off) = (unique("posture_on"), unique("posture_off"));
        for sql in [
            format!("CREATE ROLE {on}"),
            format!("CREATE ROLE {off}"),
            format!("GRANT INSERT ON {{name}}.* TO {on}"),
            format!("GRANT DELETE ON {{name}}.* TO {off}"),
            format!("GRANT {on} TO {{name}}"),
            format!("GRANT {off} TO {{name}}"),
            if server.starts_with("maria") {
                format!("SET DEFAULT ROLE {on} FOR {{name}}")
            } else {
                format!("SET DEFAULT ROLE {on} TO {{name}}")
            },
        ] {
            house.run(&sql).await;
        }

        let found = house.findings().await;

        let kinds: Vec<FindingKind> = found.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, [FindingKind::OtherRoles, FindingKind::WritesTables]);
        assert!(found[0].what.contains(&off), "{}", found[0].what);
        assert!(!found[0].what.contains(&on), "{}", found[0].what);
        assert!(found[1].what.contains("INSERT"), "{}", found[1].what);
        let drops = [on, off].map(|role| format!("DROP ROLE {role}"));
        house.leave(&drops).await;
    }
);

on_mysql!(
    the_remedy_makes_an_account_that_can_only_read,
    async |server: &str| {
        let mut house = House::on(server).await;
        house.run("GRANT ALL ON {name}.* TO {name}").await;
        let before = open(house.config(&house.name)).await;
        let account = unique("posture_reader");
        let remedy = before.posture.remedy().unwrap();

        house
            .run(&remedy.replace("portolan_readonly", &account))
            .await;

        let reader = open(house.config(&account)).await;
        assert_eq!(reader.posture.findings(), []);
        let seven = cell(&reader, "SELECT n FROM notes", vec![]).await;
        assert_eq!(seven, Owned::Int(7));
        for database in [before, reader] {
            database.pool.close().await;
        }
        house.leave(&[format!("DROP USER {account}")]).await;
    }
);
