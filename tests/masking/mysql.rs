//! MySQL and MariaDB.

use application::encode::Format;
use domain::{
    FailureKind,
    connection::{ConnectionConfig, Database, Password},
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, mysql::MySqlConnectOptions, raw_sql};
use support::{
    databases::{config, open, read, server_variable, unique, writable, write},
    on_mysql,
    rows::Owned,
};

use super::{
    RULES, SECRETS, all_are_answered, all_are_refused, ask, ask_in, benign, masked, refused,
};

/// A database of its own with people in it.
struct House {
    admin: Database,
    name: String,
    config: ConnectionConfig,
}

impl House {
    async fn new(server: &str) -> Self {
        let admin = open(writable(config(server))).await;
        let name = unique("masking");
        let mut config = config(server);
        config.database = Some(name.clone());
        let house = Self {
            admin,
            name,
            config,
        };
        for sql in [
            "CREATE DATABASE {s}",
            "CREATE TABLE {s}.customers (id INT PRIMARY KEY, name VARCHAR(50), email VARCHAR(99), ssn VARCHAR(20), phone VARCHAR(40), \
             email_domain VARCHAR(200) GENERATED ALWAYS AS (CONCAT(SUBSTRING(email, 5), email)) VIRTUAL)",
            "CREATE TABLE {s}.orders (id INT PRIMARY KEY, customer_id INT, total DECIMAL(9,2))",
            "INSERT INTO {s}.customers (id, name, email, ssn, phone) VALUES \
             (1, 'Ada', 'ada@secret.example', '111-22-3333', '+351 912 000 111'), \
             (2, 'Grace', 'grace@secret.example', NULL, '+351 912 000 111')",
            "INSERT INTO {s}.orders VALUES (1, 1, 9.50), (2, 2, 3)",
            "CREATE VIEW {s}.v_customers AS SELECT id, name, email AS mail, UPPER(email) AS loud FROM {s}.customers",
            "CREATE VIEW {s}.v_nested AS SELECT v.id, v.mail AS address, v.name FROM {s}.v_customers v JOIN {s}.orders o ON o.id = v.id",
            "CREATE VIEW {s}.v_union AS SELECT name AS x FROM {s}.customers UNION ALL SELECT email FROM {s}.customers",
            "CREATE VIEW {s}.v_of_union AS SELECT x AS y FROM {s}.v_union",
            "CREATE ALGORITHM=TEMPTABLE VIEW {s}.v_made AS SELECT id, email AS kept FROM {s}.customers",
            "CREATE VIEW {s}.v_listed (number, address) AS SELECT id, email FROM {s}.customers",
            "CREATE VIEW {s}.v_compared AS SELECT o.id FROM {s}.orders o JOIN {s}.customers c ON c.ssn = o.total WHERE c.id = 1",
            "CREATE VIEW {s}.v_orders AS SELECT id, total * 2 AS twice FROM {s}.orders",
            "CREATE TABLE {s}.newsletters (id INT PRIMARY KEY, email VARCHAR(99))",
            "INSERT INTO {s}.newsletters VALUES (1, 'ada@secret.example')",
            "CREATE VIEW {s}.v_newsletters AS SELECT id, email FROM {s}.newsletters",
            "CREATE VIEW {s}.v_bad AS SELECT id, JSON_EXTRACT(email, '$.a') AS j FROM {s}.customers",
        ] {
            house.run(&sql.replace("{s}", &house.name)).await;
        }
        // MySQL does not prepare these.
        let url = url::Url::parse(&server_variable(server, "URL")).unwrap();
        let mut connection = MySqlConnectOptions::from_url(&url)
            .unwrap()
            .connect()
            .await
            .unwrap();
        for name in ["email_of", "st_email_of", "`left`"] {
            let function = format!(
                "CREATE FUNCTION {{s}}.{name}(wanted INT) RETURNS VARCHAR(99) READS SQL DATA \
                 RETURN (SELECT email FROM {{s}}.customers WHERE id = wanted)"
            );
            raw_sql(AssertSqlSafe(function.replace("{s}", &house.name)))
                .execute(&mut connection)
                .await
                .unwrap();
        }
        let view = "CREATE VIEW {s}.v_called AS SELECT {s}.email_of(1) AS got";
        house.run(&view.replace("{s}", &house.name)).await;
        house
    }

    async fn run(&self, sql: &str) {
        write(&self.admin, sql, vec![]).await.expect(sql);
    }

    async fn gone(self) {
        self.run(&format!("DROP DATABASE {}", self.name)).await;
    }
}

on_mysql!(masked_columns_are_shown_masked, async |server: &str| {
    let house = House::new(server).await;
    let database = masked(house.config.clone(), RULES).await;

    for (sql, rows) in [
        (
            "SELECT id, email, ssn, email_domain FROM customers ORDER BY id",
            r#"[[1,"a***@secret.example","***","***"],[2,"g***@secret.example",null,"***"]]"#,
        ),
        (
            "SELECT email AS id, name AS other FROM customers WHERE name = 'Ada'",
            r#"[["a***@secret.example","Ada"]]"#,
        ),
    ] {
        let text = ask(&database, sql).await.unwrap();
        assert!(text.contains(&format!(r#""rows":{rows}"#)), "{sql}: {text}");
    }
    house.gone().await;
});

on_mysql!(a_view_is_masked_as_what_it_reads, async |server: &str| {
    let house = House::new(server).await;
    let database = masked(house.config.clone(), RULES).await;

    for (sql, rows) in [
        (
            "SELECT id, mail, loud FROM v_customers ORDER BY id",
            r#"[[1,"a***@secret.example","***"],[2,"g***@secret.example","***"]]"#,
        ),
        (
            "SELECT mail AS x, loud AS y FROM v_customers AS orders WHERE id = 1",
            r#"[["a***@secret.example","***"]]"#,
        ),
        (
            "SELECT * FROM v_nested ORDER BY id LIMIT 1",
            r#"[[1,"a***@secret.example","Ada"]]"#,
        ),
        (
            "SELECT * FROM v_listed WHERE number = 1",
            r#"[[1,"a***@secret.example"]]"#,
        ),
        ("SELECT x FROM v_union LIMIT 1", r#"[["***"]]"#),
        ("SELECT * FROM v_union LIMIT 1", r#"[["***"]]"#),
        ("SELECT y FROM v_of_union LIMIT 1", r#"[["***"]]"#),
        ("SELECT got FROM v_called", r#"[["***"]]"#),
        ("SELECT twice FROM v_orders WHERE id = 1", r#"[["19.00"]]"#),
    ] {
        let text = ask(&database, sql).await.unwrap();
        assert!(text.contains(&format!(r#""rows":{rows}"#)), "{sql}: {text}");
    }
    house.gone().await;
});

on_mysql!(
    who_may_read_a_view_alone_sees_it_masked,
    async |server: &str| {
        let house = House::new(server).await;
        let name = house.name.clone();
        for sql in [
            "CREATE USER {s} IDENTIFIED BY 'Change-this-password-1'",
            "GRANT SELECT, SHOW VIEW ON {s}.v_listed TO {s}",
            "GRANT SELECT, SHOW VIEW ON {s}.v_nested TO {s}",
            "GRANT SELECT ON {s}.v_customers TO {s}",
        ] {
            house.run(&sql.replace("{s}", &name)).await;
        }
        let mut config = house.config.clone();
        config.user = Some(name.clone());
        config.password = Some(Password::Given("Change-this-password-1".to_owned().into()));
        let database = masked(config, &format!("{RULES},v_listed.number=none")).await;

        let mut told = Vec::new();
        for sql in [
            "SELECT number, address FROM v_listed WHERE number = 1",
            "SELECT address FROM v_nested LIMIT 1",
            "SELECT name, mail FROM v_customers LIMIT 1",
        ] {
            told.push(ask(&database, sql).await.unwrap());
        }
        let refused = ask(&database, "SELECT UPPER(address) FROM v_listed").await;

        drop(database);
        house.run(&format!("DROP USER {name}")).await;
        house.gone().await;
        for (told, rows) in told.iter().zip([
            r#"[[1,"a***@secret.example"]]"#,
            r#"[["***"]]"#,
            r#"[["***","***"]]"#,
        ]) {
            assert!(told.contains(&format!(r#""rows":{rows}"#)), "{told}");
        }
        assert_eq!(refused.unwrap_err().kind, FailureKind::NotAllowed);
    }
);

on_mysql!(
    a_view_under_the_name_of_a_table_is_masked_as_the_stricter_of_both,
    async |server: &str| {
        let house = House::new(server).await;
        let rules = "customers.email=partial,v_customers.mail=full,newsletters.email=none";
        let database = masked(house.config.clone(), rules).await;

        for (sql, rows) in [
            (
                "SELECT newsletters.mail FROM v_customers AS newsletters WHERE id = 1",
                r#"[["***"]]"#,
            ),
            (
                "SELECT customers.mail AS email FROM v_customers AS customers WHERE id = 1",
                r#"[["***"]]"#,
            ),
            (
                "SELECT n.email, c.email FROM newsletters n JOIN customers c ON c.id = n.id",
                r#"[["ada@secret.example","a***@secret.example"]]"#,
            ),
        ] {
            let text = ask(&database, sql).await.unwrap();
            assert!(text.contains(&format!(r#""rows":{rows}"#)), "{sql}: {text}");
        }
        house.gone().await;
    }
);

on_mysql!(
    what_would_tell_a_masked_value_is_refused,
    async |server: &str| {
        let house = House::new(server).await;
        let database = masked(house.config.clone(), RULES).await;

        all_are_refused(&database, &refused::EVERYWHERE).await;
        all_are_refused(&database, &OWN).await;
        house.gone().await;
    }
);

on_mysql!(
    what_tells_no_masked_value_is_answered,
    async |server: &str| {
        let house = House::new(server).await;
        let database = masked(house.config.clone(), RULES).await;

        all_are_answered(&database, &benign::EVERYWHERE).await;
        all_are_answered(&database, &OWN_BENIGN).await;
        house.gone().await;
    }
);

on_mysql!(
    a_statement_with_parameters_is_masked_too,
    async |server: &str| {
        let house = House::new(server).await;
        let database = masked(house.config.clone(), RULES).await;

        let rows = read(
            &database,
            "SELECT c.email FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = ?",
            vec![serde_json::json!(1)],
        )
        .await
        .unwrap();

        assert_eq!(rows.rows, [[Owned::Text("a***@secret.example".to_owned())]]);
        house.gone().await;
    }
);

on_mysql!(
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

on_mysql!(a_failure_quotes_no_masked_value, async |server: &str| {
    let house = House::new(server).await;
    let database = masked(house.config.clone(), RULES).await;

    // MariaDB warns and answers, MySQL fails.
    let answer = ask(&database, "SELECT j FROM v_bad").await;

    let told = format!("{answer:?}");
    assert!(
        SECRETS.iter().all(|secret| !told.contains(secret)),
        "{told}"
    );
    house.gone().await;
});

/// Of MySQL's and MariaDB's own words.
const OWN: [&str; 100] = [
    "SELECT `email` + 0 FROM customers",
    "SELECT CONCAT(email) FROM customers",
    "SELECT HEX(c.`ssn`) FROM `customers` AS `c`",
    "SELECT CONCAT(customers /* . */ . /* . */ `email`) FROM customers",
    "SELECT GROUP_CONCAT(email) FROM customers",
    "SELECT JSON_OBJECT('e', email) FROM customers",
    "SELECT JSON_ARRAYAGG(ssn) FROM customers",
    "SELECT email->'$' FROM customers",
    "SELECT email->>'$' FROM customers",
    "SELECT email REGEXP '^a' FROM customers",
    "SELECT email SOUNDS LIKE 'ada' FROM customers",
    "SELECT EXTRACTVALUE(1, CONCAT('~', email)) FROM customers",
    "SELECT CAST(email AS SIGNED) FROM customers",
    "SELECT DATE(email) FROM customers",
    "SELECT ST_GeomFromText(email) FROM customers",
    "SELECT COUNT(*), FLOOR(RAND(0) * 2) x, CONCAT(email, x) FROM customers GROUP BY 3",
    "SELECT DISTINCTROW email FROM customers",
    "SELECT email AS 'e' FROM customers ORDER BY `e`",
    "SELECT id, email AS '\\e' FROM customers ORDER BY e",
    "SELECT id, email AS ' e' FROM customers ORDER BY e",
    "SELECT id, email AS ` e` FROM customers ORDER BY e",
    "SELECT id, email AS `e ` FROM customers ORDER BY e",
    "SELECT id, email \"e\" FROM customers ORDER BY e",
    "SELECT id, email FROM customers ORDER BY 2 DESC LIMIT 1",
    "SELECT id, email e FROM customers HAVING e > 'b'",
    "SELECT id FROM customers HAVING email > 'b'",
    "SELECT id FROM customers HAVING id > (SELECT COUNT(*) FROM customers c WHERE c.email < 'b')",
    "SELECT IF(email > 'b', 1, 0) FROM customers",
    "SELECT CONCAT(ema\u{130}l) FROM customers",
    "SELECT CONCAT(ema\u{131}l) FROM customers",
    "SELECT CONCAT(\u{17f}sn) FROM customers",
    "SELECT CONCAT(EMAIL) FROM customers",
    "SELECT email_of(1)",
    "SELECT email_of (1)",
    "SELECT `email_of`(1)",
    "SELECT st_email_of(1)",
    "SELECT id FROM orders WHERE st_email_of(id) LIKE 'a%'",
    "SELECT masking.left(1)",
    "SELECT masking . `left` (1)",
    "SELECT got || '' FROM v_called",
    "SELECT UPPER(x) FROM v_union",
    "SELECT UPPER(y) FROM v_of_union",
    "SELECT UPPER(kept) FROM v_made",
    "SELECT id FROM v_made WHERE kept LIKE 'a%'",
    "SELECT UPPER(address) FROM v_listed",
    "SELECT number FROM v_listed ORDER BY address",
    "SELECT id FROM v_nested WHERE address < 'b'",
    "SELECT UPPER(email_domain) FROM customers",
    "SELECT id FROM customers WHERE email_domain LIKE '%ada%'",
    "SELECT id FROM orders WHERE (1, 'a', 'b', 'c', 'd', 'e') = (SELECT * FROM customers LIMIT 1)",
    "SELECT id FROM orders WHERE (id, 'ada@secret.example') IN (SELECT id, email FROM customers)",
    "SELECT id FROM orders WHERE ROW(1, 'a', 'b', 'c', 'd', 'e') = (TABLE customers LIMIT 1)",
    "SELECT c.id FROM customers c STRAIGHT_JOIN customers d ON c.email = d.email",
    "SELECT c.id FROM customers c NATURAL JOIN (SELECT 'Ada' AS name) d",
    "SELECT c.id FROM customers c LEFT JOIN customers d USING (id, email)",
    "SELECT c.id FROM customers FOR SYSTEM_TIME ALL AS c NATURAL JOIN customers d",
    "SELECT c.id FROM (customers c) NATURAL LEFT JOIN customers d",
    "SELECT j.* FROM customers c, JSON_TABLE(c.email, '$' COLUMNS (a TEXT PATH '$')) j",
    "SELECT j.x FROM customers c, LATERAL (SELECT c.email AS x) j",
    "SELECT * FROM customers PROCEDURE ANALYSE()",
    "SELECT email, c.* FROM customers c",
    "SELECT COUNT(*) OVER (PARTITION BY email) FROM customers",
    "SELECT ROW_NUMBER() OVER w FROM customers WINDOW w AS (ORDER BY ssn)",
    "SELECT NTILE(2) OVER (ORDER BY phone) FROM customers",
    "SELECT name, COUNT(email) FROM customers GROUP BY name WITH ROLLUP",
    "SELECT id FROM customers GROUP BY id, email WITH ROLLUP",
    "SELECT id FROM customers FORCE INDEX (email)",
    "SELECT id FROM customers USE INDEX FOR ORDER BY (email_2)",
    "SELECT /*+ INDEX(customers email_2) */ id FROM customers",
    "SELECT id FROM customers PARTITION (p0)",
    "SELECT @a := email FROM customers",
    "SELECT @a. FROM customers, email",
    "SELECT email INTO @a FROM customers",
    "SELECT email FROM customers INTO OUTFILE '/nowhere/x'",
    "SELECT @a",
    "SELECT email /*! , upper(email) */ FROM customers",
    "SELECT email /*M! , upper(email) */ FROM customers",
    "(SELECT email FROM customers) UNION (SELECT 'x')",
    "(SELECT email FROM customers) ORDER BY email",
    "SHOW TABLES WHERE 'b' < (SELECT email FROM customers LIMIT 1)",
    "SHOW COLUMNS FROM customers WHERE 'b' < (SELECT MIN(email) FROM customers)",
    "VALUES ROW((SELECT email FROM customers LIMIT 1))",
    "HANDLER customers READ FIRST",
    "DO (SELECT email FROM customers)",
    "CHECKSUM TABLE customers",
    "SET STATEMENT max_statement_time = 1 FOR SELECT UPPER(email) FROM customers",
    "SELECT * FROM information_schema.processlist",
    "SELECT * FROM information_schema . `optimizer_trace`",
    "SELECT * FROM information_schema.partitions",
    "SELECT * FROM information_schema.column_statistics",
    "SHOW FULL PROCESSLIST",
    "SHOW ENGINE INNODB STATUS",
    "SHOW WARNINGS",
    "SELECT * FROM mysql.column_stats",
    "SELECT * FROM performance_schema.threads",
    "SELECT * FROM sys.processlist",
    "EXPLAIN FORMAT=JSON SELECT id FROM customers WHERE ssn = '111-22-3333'",
    "EXPLAIN FORMAT=JSON SELECT * FROM v_compared",
    "EXPLAIN FOR CONNECTION 1",
    "ANALYZE SELECT id FROM customers WHERE ssn LIKE '1%'",
];

const OWN_BENIGN: [&str; 34] = [
    "SELECT `email`, `name` FROM `customers`",
    "SELECT c.email 'address' FROM customers c",
    "SELECT c.email AS 'the address' FROM customers c",
    "SELECT SQL_NO_CACHE email FROM customers",
    "SELECT SQL_BIG_RESULT ALL c.email, c.id FROM customers c",
    "SELECT kept, id FROM v_made WHERE id = 1",
    "SHOW TABLES",
    "SHOW FULL COLUMNS FROM customers",
    "SHOW CREATE TABLE customers",
    "SHOW CREATE VIEW v_customers",
    "SHOW INDEX FROM customers",
    "SHOW VARIABLES LIKE 'version%'",
    "SHOW DATABASES",
    "DESCRIBE customers",
    "EXPLAIN SELECT id, email FROM customers WHERE id = 1",
    "EXPLAIN FORMAT=JSON SELECT c.email FROM customers c JOIN orders o ON o.customer_id = c.id",
    "SELECT name, COUNT(*) FROM customers GROUP BY name WITH ROLLUP",
    "SELECT c.id, c.email FROM customers c, orders o WHERE o.customer_id = c.id",
    "SELECT c.id, c.email FROM customers c STRAIGHT_JOIN orders o ON o.customer_id = c.id",
    "SELECT c.email FROM customers c JOIN orders o USING (id) ORDER BY o.total DESC",
    "SELECT IFNULL(name, 'x'), LENGTH(name), REPLACE(name, 'A', 'a') FROM customers",
    "SELECT GROUP_CONCAT(name ORDER BY name SEPARATOR '; ') FROM customers",
    "SELECT name, ROW_NUMBER() OVER (ORDER BY id) FROM customers",
    "SELECT name, RANK() OVER w FROM customers WINDOW w AS (PARTITION BY name ORDER BY id)",
    "SELECT id, twice FROM v_orders WHERE id > 0",
    "SELECT name, TIMESTAMPDIFF(DAY, '2026-01-01', SYSDATE()) FROM customers",
    "SELECT o.id FROM orders o FORCE INDEX (PRIMARY) NATURAL JOIN (SELECT 1 AS id) x",
    "SELECT id FROM v_customers WHERE name LIKE 'A%' AND id IN (SELECT customer_id FROM orders)",
    "SELECT v.address, o.total FROM v_nested v JOIN orders o ON o.id = v.id",
    "SELECT j.a FROM JSON_TABLE('[1, 2]', '$[*]' COLUMNS (a INT PATH '$')) j",
    "SELECT column_name FROM information_schema.columns WHERE table_name = 'customers' AND column_name = 'email'",
    "SELECT table_name, table_rows FROM information_schema.tables WHERE table_name = 'customers'",
    "SELECT NOW(), VERSION(), @@version, UUID()",
    "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT c.name FROM n JOIN customers c ON c.id = n.i",
];
