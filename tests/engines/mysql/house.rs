//! A database of one test's own, with everything in it that the catalog can tell.

use domain::connection::{ConnectionConfig, Password};
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, mysql::MySqlDatabaseError, raw_sql};
use support::databases::{config, unique};

use super::helpers::beside;

const PASSWORD: &str = "Change-this-password-1";

pub(super) struct House {
    server: String,
    /// The name of the database. Another one, `{name}_far`, is beside it.
    pub(super) name: String,
    pub(super) administrator: MySqlConnection,
    account: bool,
}

impl House {
    /// Two empty databases.
    pub(super) async fn empty(server: &str) -> Self {
        let mut house = Self {
            server: server.to_owned(),
            name: unique("catalog"),
            administrator: beside(server).await,
            account: false,
        };
        house.run("CREATE DATABASE {name}").await;
        house.run("CREATE DATABASE {name}_far").await;
        // The servers' own defaults differ.
        for name in ["{name}", "{name}_far"] {
            let sql =
                format!("ALTER DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci");
            house.run(&sql).await;
        }
        house.run("USE {name}").await;
        house
    }

    /// With tables that use each feature once.
    pub(super) async fn shop(server: &str) -> Self {
        let mut house = Self::empty(server).await;
        for sql in COMMON {
            house.run(sql).await;
        }
        for sql in if house.is_mariadb() { MARIADB } else { MYSQL } {
            house.run(sql).await;
        }
        house
    }

    pub(super) fn is_mariadb(&self) -> bool {
        self.server.starts_with("mariadb")
    }

    /// As the administrator, one statement; `{name}` is the database.
    pub(super) async fn run(&mut self, sql: &str) {
        let sql = sql.replace("{name}", &self.name);
        raw_sql(AssertSqlSafe(sql.clone()))
            .execute(&mut self.administrator)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// What the server refuses the administrator with: its number.
    pub(super) async fn refused(&mut self, sql: &str) -> Option<u16> {
        let refused = raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut self.administrator)
            .await
            .expect_err(sql);
        let reported = refused.as_database_error()?;
        Some(reported.downcast_ref::<MySqlDatabaseError>().number())
    }

    /// The administrator's, in this database.
    pub(super) fn config(&self) -> ConnectionConfig {
        let mut config = config(&self.server);
        config.database = Some(self.name.clone());
        config
    }

    /// That of an account which has these privileges, such as `SELECT ON {name}.orders`.
    pub(super) async fn account(&mut self, privileges: &[&str]) -> ConnectionConfig {
        self.run(&format!("CREATE USER {{name}} IDENTIFIED BY '{PASSWORD}'"))
            .await;
        self.account = true;
        for privilege in privileges {
            self.run(&format!("GRANT {privilege} TO {{name}}")).await;
        }
        let mut config = self.config();
        config.user = Some(self.name.clone());
        config.password = Some(Password::Given(PASSWORD.to_owned().into()));
        config
    }

    pub(super) async fn leave(mut self) {
        self.run("SET foreign_key_checks = 0").await;
        self.run("DROP DATABASE {name}").await;
        self.run("DROP DATABASE {name}_far").await;
        if self.account {
            self.run("DROP USER {name}").await;
        }
        self.administrator.close().await.unwrap();
    }
}

const COMMON: &[&str] = &[
    "CREATE TABLE {name}_far.countries (code CHAR(2) PRIMARY KEY, name VARCHAR(40))",
    "CREATE TABLE customers (
        id INT UNSIGNED NOT NULL AUTO_INCREMENT,
        email VARCHAR(80) COLLATE utf8mb4_bin NOT NULL COMMENT 'it''s `one`',
        name VARCHAR(40) DEFAULT 'it''s',
        code CHAR(2),
        status ENUM('new', 'it''s', 'a,b') DEFAULT 'new',
        tags SET('x', 'y'),
        note TEXT,
        score DECIMAL(6,2) DEFAULT 1.50,
        flag BIT(3) DEFAULT b'101',
        nothing VARCHAR(4) DEFAULT '',
        word VARCHAR(4) DEFAULT 'NULL',
        since DATE DEFAULT '2020-01-02',
        created TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
        full_name VARCHAR(90) AS (CONCAT(name, ' <', email, '>')) VIRTUAL,
        loud VARCHAR(90) AS (UPPER(name)) STORED,
        place POINT NOT NULL,
        CONSTRAINT positive CHECK (score > 0),
        PRIMARY KEY (id),
        UNIQUE KEY by_email (email),
        UNIQUE KEY by_start (name(3)),
        KEY by_name (name(5) DESC, code),
        FULLTEXT KEY words (name, note),
        SPATIAL KEY spot (place),
        CONSTRAINT lives_in FOREIGN KEY (code) REFERENCES {name}_far.countries (code)
            ON DELETE SET NULL ON UPDATE CASCADE
    ) COMMENT 'who buys'",
    "CREATE TABLE orders (
        id INT NOT NULL, at DATE NOT NULL, customer INT UNSIGNED, PRIMARY KEY (id, at), KEY (customer)
    ) PARTITION BY RANGE (YEAR(at)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2
    (PARTITION p0 VALUES LESS THAN (2020), PARTITION `p 1` VALUES LESS THAN MAXVALUE)",
    "CREATE TABLE items (
        order_id INT, line INT, customer INT UNSIGNED, PRIMARY KEY (order_id, line),
        CONSTRAINT bought_by FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE)",
    "CREATE TABLE {name}_far.visits (
        a INT, b INT, CONSTRAINT of_item FOREIGN KEY (a, b) REFERENCES {name}.items (order_id, line))",
    "CREATE TABLE fleeting (a INT, b INT, UNIQUE KEY hashed USING HASH (a)) ENGINE=MEMORY",
    "CREATE VIEW big AS SELECT id, name FROM customers WHERE id > 1 WITH CASCADED CHECK OPTION",
    "CREATE TRIGGER first_line BEFORE INSERT ON items FOR EACH ROW SET NEW.line = 1",
    "CREATE TRIGGER later AFTER UPDATE ON items FOR EACH ROW SET @portolan = 1",
    "CREATE FUNCTION plus_one (n INT UNSIGNED) RETURNS BIGINT DETERMINISTIC NO SQL COMMENT 'adds' RETURN n + 1",
    "CREATE PROCEDURE clear_up (IN a INT, OUT b VARCHAR(10), INOUT c DECIMAL(4,1)) MODIFIES SQL DATA DELETE FROM items",
];

const MYSQL: &[&str] = &[
    "CREATE TABLE own (
        a INT, b VARCHAR(10) DEFAULT (CONCAT('it''s', 'x')), c INT INVISIBLE, g GEOMETRY NOT NULL SRID 4326,
        KEY by_expression ((LOWER(b)), a), KEY hidden (a) INVISIBLE,
        CONSTRAINT lax CHECK (b <> 'it''s') NOT ENFORCED)",
];

const MARIADB: &[&str] = &[
    "CREATE TABLE own (
        a INT CHECK (a > 5), b UUID, c INT INVISIBLE, x INT WITHOUT SYSTEM VERSIONING DEFAULT 3, doc JSON,
        KEY hidden (a) IGNORED) WITH SYSTEM VERSIONING",
    "CREATE SEQUENCE numbers START WITH 5",
];
