//! Rows that each caller sees of its own alone, and what is tried against that.

mod attacks;
mod connecting;
mod interleaved;
mod masked;
mod seeing;
mod writing;

use domain::{
    Cancel, Failure,
    calls::Caller,
    connection::{ConnectionConfig, Database, Password, RowSecurity},
    query::{Outcome, QueryLimits},
};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection,
    postgres::{PgConnectOptions, PgDatabaseError},
    raw_sql,
};
use support::{
    databases::{config, open, server_variable, unique},
    rows::Rows,
};

use crate::engines::tenants::{caller, read_as, secret, statement, tenant};

/// One setting says whose rows are shown.
const BY_SETTING: &str = r#"{"settings": {"app.tenant": "{claim:tenant}"}, "actAs": {"claim": "tenant", "when": {"desk": "support"}}}"#;

/// A database of its own, shared by twenty tenants, and a role that owns nothing in it.
struct House {
    name: String,
    admin: PgConnection,
    server: String,
}

const SCHEMA: &str = "
    CREATE TABLE orders (id int PRIMARY KEY, tenant text NOT NULL, customer text, total numeric, word text UNIQUE);
    ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
    ALTER TABLE orders FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON orders USING (tenant = current_setting('app.tenant', true))
        WITH CHECK (tenant = current_setting('app.tenant', true));
    INSERT INTO orders SELECT t * 100 + n, 't' || t, 'customer ' || n, t * n, 'secret-of-t' || t || '-' || n
        FROM generate_series(0, 19) t, generate_series(1, 5) n;
    CREATE TABLE products (id int PRIMARY KEY, name text);
    INSERT INTO products VALUES (1, 'bread'), (2, 'salt');
    CREATE FUNCTION become(name text) RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.tenant', name, true) $$;
    CREATE FUNCTION become_for_good(name text) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN PERFORM set_config('app.tenant', name, false); RETURN name; END $$;
    CREATE FUNCTION become_by_row(o orders) RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.tenant', 't2', true) $$;
    CREATE FUNCTION reverse(number int) RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.tenant', 't2', true) $$;
    CREATE FUNCTION everything() RETURNS SETOF orders LANGUAGE sql SECURITY DEFINER AS $$ SELECT * FROM orders $$;
    CREATE FUNCTION tell(word text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS
        $$ BEGIN RAISE NOTICE '%', word; RETURN true; END $$;
    CREATE PROCEDURE switch(name text) LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('app.tenant', name, false); END $$;
    ANALYZE;
";

impl House {
    async fn new(server: &str) -> Self {
        let name = unique("house");
        let shared: PgConnectOptions = server_variable(server, "URL").parse().unwrap();
        let mut outside = PgConnection::connect_with(&shared).await.unwrap();
        run(&mut outside, &format!("CREATE DATABASE {name}")).await;
        run(
            &mut outside,
            &format!("CREATE ROLE {name} LOGIN PASSWORD 'secret'"),
        )
        .await;
        let mut house = Self {
            admin: PgConnection::connect_with(&shared.database(&name))
                .await
                .unwrap(),
            name,
            server: server.to_owned(),
        };
        house.run(SCHEMA).await;
        house
            .run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :role")
            .await;
        house
    }

    /// As the administrator; `:role` is the role of the connection.
    async fn run(&mut self, sql: &str) {
        let sql = sql.replace(":role", &self.name);
        run(&mut self.admin, &sql).await;
    }

    fn config(&self, mapping: &str, functions: &str) -> ConnectionConfig {
        let mut config = config(&self.server);
        config.database = Some(self.name.clone());
        config.user = Some(self.name.clone());
        config.password = Some(Password::Given("secret".to_owned().into()));
        config.row_security = Some(RowSecurity::parse(mapping, functions).unwrap());
        config
    }

    async fn open(&self) -> Database {
        open(self.config(BY_SETTING, "")).await
    }

    /// Drops what was made; `roles` beside its own.
    async fn drop_with(self, roles: &[String]) {
        self.admin.close().await.unwrap();
        let shared: PgConnectOptions = server_variable(&self.server, "URL").parse().unwrap();
        let mut outside = PgConnection::connect_with(&shared).await.unwrap();
        run(
            &mut outside,
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        )
        .await;
        for role in roles.iter().chain([&self.name]) {
            run(&mut outside, &format!("DROP ROLE IF EXISTS {role}")).await;
        }
    }

    async fn drop(self) {
        self.drop_with(&[]).await;
    }
}

async fn run(session: &mut PgConnection, sql: &str) {
    raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(session)
        .await
        .unwrap_or_else(|error| {
            let detail = error
                .as_database_error()
                .and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
                .map(|error| error.position().is_some());
            panic!("{sql}: {error} {detail:?}")
        });
}

async fn write_as(
    database: &Database,
    caller: &Caller,
    sql: &str,
) -> Result<(Rows, Outcome), Failure> {
    let statement = statement(database, caller, sql, Vec::new())?;
    let mut rows = Rows::up_to(1_000);
    let outcome = database
        .query_runner
        .run_write(
            &statement,
            &QueryLimits::default(),
            &mut rows,
            &Cancel::new(),
        )
        .await?;
    Ok((rows, outcome))
}
