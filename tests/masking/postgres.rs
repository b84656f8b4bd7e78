//! PostgreSQL.

use application::{encode::Format, use_cases::ExplainQuery};
use domain::{
    Cancel, FailureKind,
    connection::{ConnectionConfig, Database},
    query::Statement,
};
use support::{
    databases::{config, open, opened, read, unique, writable, write},
    on_postgres,
    rows::Owned,
};

use super::{
    RULES, SECRETS, all_are_answered, all_are_refused, ask, ask_in, benign, masked, refused,
};

/// A schema of its own with people in it.
struct House {
    admin: Database,
    schema: String,
    config: ConnectionConfig,
}

impl House {
    async fn new(server: &str) -> Self {
        let schema = unique("masking");
        let admin = open(writable(config(server))).await;
        let mut config = config(server);
        config.schema = Some(schema.clone());
        let house = Self {
            admin,
            schema,
            config,
        };
        house.run(&format!("CREATE SCHEMA {}", house.schema)).await;
        for sql in [
            "CREATE TABLE {s}.customers (id int PRIMARY KEY, name text, email text, ssn text, phone text, \
             email_domain text GENERATED ALWAYS AS (split_part(email, '@', 2) || email) STORED)",
            "CREATE TABLE {s}.orders (id int PRIMARY KEY, customer_id int, total numeric)",
            "CREATE TABLE {s}.old_customers (since date) INHERITS ({s}.customers)",
            "INSERT INTO {s}.customers VALUES (1, 'Ada', 'ada@secret.example', '111-22-3333', '+351 912 000 111'), \
             (2, 'Grace', 'grace@secret.example', NULL, '+351 912 000 111')",
            "INSERT INTO {s}.orders VALUES (1, 1, 9.50), (2, 2, 3)",
            "CREATE VIEW {s}.v_customers AS SELECT id, name, email AS mail, upper(email) AS loud FROM {s}.customers",
            "CREATE VIEW {s}.v_nested AS SELECT v.id, v.mail AS address, v.name FROM {s}.v_customers v JOIN {s}.orders o USING (id)",
            "CREATE VIEW {s}.v_rows AS SELECT id, row_to_json(c) AS whole FROM {s}.customers c",
            "CREATE VIEW {s}.v_union AS SELECT email AS x FROM {s}.customers UNION ALL SELECT 'y'",
            "CREATE VIEW {s}.v_stats AS SELECT tablename, most_common_vals::text AS common FROM pg_stats",
            "CREATE VIEW {s}.v_bad AS SELECT id, email::int AS number FROM {s}.customers",
            "CREATE MATERIALIZED VIEW {s}.m_customers AS SELECT id, email AS kept FROM {s}.customers",
            "CREATE FUNCTION {s}.emails() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT email FROM {s}.customers'",
            "CREATE FUNCTION {s}.of_row({s}.customers) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1.email'",
            "CREATE FUNCTION {s}.of_any(anyelement) RETURNS text LANGUAGE sql STABLE AS 'SELECT max(email) FROM {s}.customers'",
            "CREATE FUNCTION {s}.of_number(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM {s}.customers WHERE id = $1'",
            "CREATE OPERATOR {s}.|#| (FUNCTION = {s}.of_number, RIGHTARG = int)",
            "CREATE VIEW {s}.v_called AS SELECT 1 AS id, {s}.of_number(1) AS got",
        ] {
            house.run(&sql.replace("{s}", &house.schema)).await;
        }
        house
    }

    async fn run(&self, sql: &str) {
        write(&self.admin, sql, vec![]).await.expect(sql);
    }

    async fn gone(self) {
        self.run(&format!("DROP SCHEMA {} CASCADE", self.schema))
            .await;
    }
}

on_postgres!(
    no_index_is_tried_that_is_made_of_a_masked_column,
    async |server: &str| {
        let house = House::new(server).await;
        let database = masked(house.config.clone(), RULES).await;
        let tried = async |index: &str| {
            let explain = ExplainQuery {
                statement: Statement::new("SELECT id FROM customers".to_owned(), vec![]).unwrap(),
                analyze: false,
                try_indexes: vec![index.to_owned()],
            };
            let report = explain.execute(&opened(&database), &Cancel::new()).await;
            report.map_err(|failure| failure.kind)
        };

        for index in [
            "CREATE INDEX ON customers (email)",
            "CREATE INDEX ON customers (lower(email))",
            "CREATE INDEX ON customers ((ssn || 'x'))",
            "CREATE INDEX ON customers (id) INCLUDE (phone)",
            "CREATE INDEX ON customers (id) WHERE email LIKE 'a%'",
            "CREATE INDEX ON v_customers (mail)",
        ] {
            assert_eq!(tried(index).await, Err(FailureKind::NotAllowed), "{index}");
        }
        let other = tried("CREATE INDEX ON customers (name)").await;
        assert_ne!(other, Err(FailureKind::NotAllowed));
        database.pool.close().await;
        house.gone().await;
    }
);

on_postgres!(masked_columns_are_shown_masked, async |server: &str| {
    let house = House::new(server).await;
    let database = masked(house.config.clone(), RULES).await;

    let hash = ask(&database, "SELECT phone FROM customers WHERE id = 1")
        .await
        .unwrap();
    assert!(hash.contains(r##"[["#"##), "{hash}");
    let both = ask(&database, "SELECT count(*) FROM (SELECT 1 AS n) AS t")
        .await
        .unwrap();
    assert!(both.contains("[[1]]"), "{both}");
    assert_eq!(
        ask(
            &database,
            "SELECT id, email, ssn, email_domain FROM ONLY customers ORDER BY id"
        )
        .await
        .unwrap(),
        r#"{"columns":["id","email","ssn","email_domain"],"types":["int4","text","text","text"],"rows":[[1,"a***@secret.example","***","***"],[2,"g***@secret.example",null,"***"]],"rowCount":2}"#
    );
    house.gone().await;
});

on_postgres!(a_view_is_masked_as_what_it_reads, async |server: &str| {
    let house = House::new(server).await;
    let database = masked(house.config.clone(), RULES).await;

    for (sql, rows) in [
        (
            "SELECT id, mail, loud FROM v_customers ORDER BY id",
            r#"[[1,"a***@secret.example","***"],[2,"g***@secret.example","***"]]"#,
        ),
        (
            "SELECT * FROM v_nested ORDER BY id",
            r#"[[1,"a***@secret.example","Ada"],[2,"g***@secret.example","Grace"]]"#,
        ),
        ("SELECT whole FROM v_rows WHERE id = 1", r#"[["***"]]"#),
        (
            "SELECT kept FROM m_customers WHERE id = 1",
            r#"[["a***@secret.example"]]"#,
        ),
        ("SELECT * FROM v_called", r#"[["***","***"]]"#),
        ("SELECT x FROM v_union LIMIT 1", r#"[["***"]]"#),
    ] {
        let text = ask(&database, sql).await.unwrap();
        assert!(text.contains(&format!(r#""rows":{rows}"#)), "{sql}: {text}");
    }
    house.gone().await;
});

on_postgres!(
    what_would_tell_a_masked_value_is_refused,
    async |server: &str| {
        let house = House::new(server).await;
        let database = masked(house.config.clone(), RULES).await;

        all_are_refused(&database, &refused::EVERYWHERE).await;
        all_are_refused(&database, &OWN).await;
        house.gone().await;
    }
);

on_postgres!(
    what_tells_no_masked_value_is_answered,
    async |server: &str| {
        let house = House::new(server).await;
        let database = masked(house.config.clone(), RULES).await;

        all_are_answered(&database, &benign::EVERYWHERE).await;
        all_are_answered(&database, &OWN_BENIGN).await;
        house.gone().await;
    }
);

on_postgres!(a_failure_quotes_no_masked_value, async |server: &str| {
    let house = House::new(server).await;
    let database = masked(house.config.clone(), RULES).await;

    let failure = ask(&database, "SELECT number FROM v_bad")
        .await
        .unwrap_err();

    let told = format!("{failure:?}");
    assert!(
        SECRETS.iter().all(|secret| !told.contains(secret)),
        "{told}"
    );
    assert_eq!(failure.sqlstate.as_deref(), Some("22P02"));
    house.gone().await;
});

on_postgres!(
    no_format_and_no_profile_shows_a_masked_value,
    async |server: &str| {
        let house = House::new(server).await;
        let database = masked(house.config.clone(), RULES).await;

        for format in [Format::Json, Format::Objects, Format::Csv, Format::Markdown] {
            let text = ask_in(&database, "SELECT * FROM customers", format, true)
                .await
                .unwrap();
            assert!(
                SECRETS.iter().all(|secret| !text.contains(secret)),
                "{text}"
            );
        }
        house.gone().await;
    }
);

on_postgres!(
    a_statement_with_parameters_is_masked_too,
    async |server: &str| {
        let house = House::new(server).await;
        let database = masked(house.config.clone(), RULES).await;

        let rows = read(
            &database,
            "SELECT c.email, c.id FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = $1",
            vec![serde_json::json!(1)],
        )
        .await
        .unwrap();

        assert_eq!(
            rows.rows,
            [[
                Owned::Text("a***@secret.example".to_owned()),
                Owned::Number("1".to_owned())
            ]]
        );
        house.gone().await;
    }
);

on_postgres!(
    a_page_that_is_read_later_is_masked_too,
    async |server: &str| {
        let house = House::new(server).await;
        let mut config = house.config.clone();
        config.max_rows = 1;
        let database = masked(config, RULES).await;
        let connection = opened(&database);
        let query = application::use_cases::ExecuteQuery {
            statement: Statement::new("SELECT email FROM customers ORDER BY id".to_owned(), vec![])
                .unwrap(),
            format: Format::Json,
            asked: application::use_cases::AskedLimits::default(),
        };

        let first = query
            .execute(
                &connection,
                application::use_cases::Ceilings::default(),
                &Cancel::new(),
            )
            .await
            .unwrap()
            .text;

        assert!(first.contains(r#"[["a***@secret.example"]]"#), "{first}");
        assert!(first.contains("cursor"), "{first}");
        house.gone().await;
    }
);

on_postgres!(
    a_view_that_is_made_later_is_known_within_seconds,
    async |server: &str| {
        let house = House::new(server).await;
        let database = masked(house.config.clone(), RULES).await;
        ask(&database, "SELECT 1").await.unwrap();

        house
            .run(&format!(
                "CREATE VIEW {0}.v_later AS SELECT email AS e FROM {0}.customers",
                house.schema
            ))
            .await;

        support::waiting::until("the view is known", async || {
            ask(&database, "SELECT e FROM v_later LIMIT 1")
                .await
                .is_ok_and(|text| text.contains("a***@"))
        })
        .await;
        house.gone().await;
    }
);

on_postgres!(
    a_pattern_may_except_what_a_wider_one_masks,
    async |server: &str| {
        let house = House::new(server).await;
        let database = masked(
            house.config.clone(),
            &format!("{RULES},v_customers.loud=none"),
        )
        .await;

        let text = ask(&database, "SELECT loud FROM v_customers WHERE id = 1")
            .await
            .unwrap();

        assert!(text.contains("ADA@SECRET.EXAMPLE"), "{text}");
        house.gone().await;
    }
);

on_postgres!(a_refusal_says_where_and_what_to_do, async |server: &str| {
    let house = House::new(server).await;
    let database = masked(house.config.clone(), RULES).await;

    let failure = ask(&database, "SELECT upper(email) FROM customers")
        .await
        .unwrap_err();

    assert_eq!(failure.kind, FailureKind::NotAllowed);
    assert_eq!(failure.position, Some(14));
    assert!(
        failure
            .hint
            .unwrap()
            .starts_with("Select the column itself")
    );
    house.gone().await;
});

const OWN: [&str; 59] = [
    "SELECT EMAIL || '' FROM CUSTOMERS",
    "SELECT email::text FROM customers",
    "SELECT email::int FROM customers",
    "SELECT c FROM customers c",
    "SELECT customers FROM customers",
    "SELECT c::text FROM customers c",
    "SELECT (c).email FROM customers c",
    "SELECT (c).* FROM customers c",
    "SELECT (c.*)::text FROM customers c",
    "SELECT email(c) FROM customers c",
    "SELECT c.of_row FROM customers c",
    "SELECT of_row(c) FROM customers c",
    "SELECT c.to_json FROM customers c",
    "SELECT row_to_json(c) FROM customers c",
    "SELECT to_jsonb(customers) FROM customers",
    "SELECT to_jsonb(c.*) FROM customers c",
    "SELECT ROW(c.*) FROM customers c",
    "SELECT json_agg(c) FROM customers c",
    "SELECT array_agg(c) FROM customers c",
    "SELECT string_agg(email, ',') FROM customers",
    "SELECT id FROM customers c WHERE c > ROW(1, 'b', 'c', 'd', 'e', 'f')",
    "SELECT id FROM customers c WHERE c IS DISTINCT FROM c",
    "SELECT c.id FROM customers c, LATERAL to_jsonb(c) j",
    "SELECT j.value FROM customers c, jsonb_each_text(to_jsonb(c)) j",
    "SELECT x.d FROM customers AS x (a, b, d)",
    "SELECT upper(d) FROM customers x (a, b, d)",
    "SELECT x FROM (customers c JOIN orders o ON o.id = c.id) AS x",
    "SELECT t FROM (TABLE customers) t",
    "SELECT * FROM (TABLE customers) t",
    "TABLE customers UNION ALL TABLE customers",
    "TABLE customers ORDER BY 3",
    "VALUES ((SELECT email FROM customers LIMIT 1))",
    "SELECT * FROM (VALUES ((SELECT ssn FROM customers LIMIT 1))) v (a)",
    "SELECT v.a FROM customers c CROSS JOIN LATERAL (VALUES (c.email)) v (a)",
    "SELECT v.a FROM customers c CROSS JOIN LATERAL (SELECT c.email) v (a)",
    "SELECT v.a FROM customers c CROSS JOIN LATERAL (SELECT c.*) v (a)",
    "SELECT upper(b) FROM (SELECT DISTINCT ON (id) * FROM customers) t (a, b)",
    "SELECT DISTINCT ON (email) id FROM customers",
    "SELECT DISTINCT ON (id) id, email FROM customers",
    "SELECT ARRAY(SELECT email FROM customers)",
    "SELECT U&\"\\0065mail\" || '' FROM customers",
    "SELECT \"email\" || '' FROM customers",
    "SELECT email COLLATE \"C\" FROM customers",
    "SELECT emails()",
    "SELECT * FROM emails()",
    "SELECT * FROM ROWS FROM (emails()) AS t (a)",
    "SELECT of_number(1)",
    "SELECT t.of_any FROM (SELECT 1 AS a) t",
    "SELECT OPERATOR(|#|) 1",
    "SELECT |#| 1",
    "SELECT query_to_xml('SELECT email FROM customers', true, false, '')",
    "SELECT table_to_xml('customers', true, false, '')",
    "SELECT * FROM ts_stat('SELECT to_tsvector(email) FROM customers')",
    "SELECT most_common_vals FROM pg_stats WHERE tablename = 'customers'",
    "SELECT * FROM pg_catalog.pg_statistic",
    "SELECT query FROM pg_stat_activity",
    "SELECT x || '' FROM v_union",
    "SELECT upper(kept) FROM m_customers",
    "SELECT upper(email) FROM old_customers",
];

const OWN_BENIGN: [&str; 14] = [
    "TABLE customers",
    "SELECT email FROM old_customers",
    "SELECT * FROM ONLY customers",
    "SELECT * FROM customers c JOIN orders o ON o.customer_id = c.id",
    "SELECT extract(year FROM now()), name FROM customers",
    "SELECT name IS DISTINCT FROM 'x' FROM customers",
    "SELECT a.id FROM customers a JOIN orders b USING (id)",
    "SELECT c.id::text, c.name FROM customers AS c LIMIT 5",
    "SELECT name FROM customers GROUP BY name HAVING count(*) > 0",
    "SELECT relname FROM pg_class WHERE relname = 'customers'",
    "SELECT column_name FROM information_schema.columns WHERE table_name = 'customers'",
    "SHOW server_version",
    "SELECT tablename, common FROM v_stats",
    "SELECT customers.id, customers.email FROM customers",
];
