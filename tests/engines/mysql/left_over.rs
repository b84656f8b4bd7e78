//! What one call does to its session, by its text or by code that is stored in the database, and the next does not see.

use domain::connection::Database;
use support::{
    databases::{config, open, read, unique, writable, write},
    on_mysql, on_servers,
    rows::Owned,
    waiting::until,
};

use super::helpers::{alone, cell, run_beside};

/// How a session is changed. `NAME` stands for a name of the fact's own.
enum By {
    /// The client's own statement, sent as a read and as a write.
    Text(&'static str),
    /// The body of a function that a view calls.
    View(&'static str),
    /// The body of a trigger.
    Trigger(&'static str),
}

/// What a look shows, or why there is nothing to show.
async fn seen(database: &Database, look: &str) -> Result<Vec<Vec<Owned>>, Option<i64>> {
    match read(database, look, vec![]).await {
        Ok(rows) => Ok(rows.rows),
        Err(failure) => Err(failure.native_code),
    }
}

async fn forgets(server: &str, by: By, look: &str) {
    let name = unique("left");
    let named = |text: &str| text.replace("NAME", &name);
    run_beside(
        server,
        format!("CREATE TABLE {name} (a INT, n INT AUTO_INCREMENT PRIMARY KEY); INSERT INTO {name} (a) VALUES (1)"),
    )
    .await;
    let database = open(alone(writable(config(server)))).await;
    let look = named(look);
    // What was asked when the database was opened is nobody's.
    let _ = seen(&database, &look).await;
    let before = seen(&database, &look).await;

    match by {
        By::Text(text) => {
            let text = named(text);
            // What a server refuses has changed nothing, which is as good.
            let _ = read(&database, &text, vec![]).await;
            assert_eq!(seen(&database, &look).await, before, "as a read");
            let _ = write(&database, &text, vec![]).await;
        }
        By::View(body) => {
            run_beside(
                server,
                format!(
                    "CREATE FUNCTION {name}_f() RETURNS INT READS SQL DATA BEGIN {}; RETURN 1; END; \
                     CREATE VIEW {name}_v AS SELECT {name}_f() AS one FROM {name}",
                    named(body)
                ),
            )
            .await;
            let view = format!("SELECT one FROM {name}_v");
            assert_eq!(cell(&database, &view, vec![]).await, Owned::Int(1));
        }
        By::Trigger(body) => {
            run_beside(
                server,
                format!(
                    "CREATE TRIGGER {name}_t BEFORE INSERT ON {name} FOR EACH ROW BEGIN {}; END",
                    named(body)
                ),
            )
            .await;
            let insert = format!("INSERT INTO {name} (a) VALUES (2)");
            let (_, outcome) = write(&database, &insert, vec![]).await.unwrap();
            assert_eq!(outcome.affected_rows, Some(1));
        }
    }

    assert_eq!(seen(&database, &look).await, before);
    database.pool.close().await;
    run_beside(
        server,
        format!(
            "DROP VIEW IF EXISTS {name}_v; DROP FUNCTION IF EXISTS {name}_f; DROP TABLE {name}"
        ),
    )
    .await;
}

macro_rules! forgotten {
    ($($fact:ident: $by:expr, $look:expr;)+) => {
        $(on_mysql!($fact, async |server: &str| forgets(server, $by, $look).await);)+
    };
}

const VARIABLE: &str = "SELECT @left_over";
const MODE: &str = "SELECT @@sql_mode";
const ZONE: &str = "SELECT @@time_zone";
const LENGTH: &str = "SELECT @@group_concat_max_len";
const CHARACTERS: &str = "SELECT CONCAT(@@character_set_client, @@character_set_results)";
const TEMPORARY: &str = "SELECT a FROM NAME_temporary";
const INSERT_ID: &str = "SELECT LAST_INSERT_ID()";

forgotten!(
    a_variable_set_by_the_text: By::Text("SET @left_over = 1"), VARIABLE;
    a_variable_assigned_by_the_text: By::Text("SELECT @left_over := 1"), VARIABLE;
    a_variable_selected_into_by_the_text: By::Text("SELECT 1 INTO @left_over"), VARIABLE;
    a_mode_set_by_the_text: By::Text("SET SESSION sql_mode = ''"), MODE;
    a_zone_set_by_the_text: By::Text("SET time_zone = '+09:00'"), ZONE;
    a_length_set_by_the_text: By::Text("SET group_concat_max_len = 77"), LENGTH;
    characters_set_by_the_text: By::Text("SET NAMES latin1"), CHARACTERS;
    a_temporary_table_of_the_text: By::Text("CREATE TEMPORARY TABLE NAME_temporary (a INT)"), TEMPORARY;
    a_statement_prepared_by_the_text: By::Text("PREPARE NAME FROM 'SELECT 1'"), "EXECUTE NAME";
    a_transaction_begun_by_the_text: By::Text("START TRANSACTION WITH CONSISTENT SNAPSHOT"),
        "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = CONNECTION_ID()";
    a_default_database_of_the_text: By::Text("USE mysql"), "SELECT DATABASE()";
    rows_that_the_text_found: By::Text("SELECT 1 UNION SELECT 2 UNION SELECT 3"), "SELECT FOUND_ROWS()";
    rows_that_the_text_found_in_a_table: By::Text("SELECT a FROM NAME UNION SELECT 2 UNION SELECT 3"), "SELECT FOUND_ROWS()";
    rows_that_the_text_changed: By::Text("INSERT INTO NAME (a) VALUES (2), (3)"), "SELECT ROW_COUNT()";
    a_warning_of_the_text: By::Text("SELECT CAST('secret' AS SIGNED)"), "SHOW WARNINGS";
    a_warning_of_the_text_in_a_table: By::Text("SELECT CAST(CONCAT('secret', a) AS SIGNED) FROM NAME"), "SHOW WARNINGS";
    a_number_of_warnings: By::Text("SELECT CAST('secret' AS SIGNED)"), "SELECT @@warning_count";
    an_error_of_the_text: By::Text("SELECT secret"), "SHOW ERRORS";
    an_error_of_the_text_in_a_table: By::Text("SELECT secret FROM NAME"), "SHOW ERRORS";
    an_error_of_a_value: By::Text("SELECT JSON_EXTRACT('{}', CONCAT('secret', RAND()))"), "SHOW ERRORS";
    a_number_of_errors: By::Text("SELECT secret FROM NAME"), "SELECT @@error_count";
    a_key_that_the_text_drew: By::Text("INSERT INTO NAME (n) VALUES (NULL)"), "SELECT LAST_INSERT_ID(), @@identity, @@last_insert_id";
    a_time_set_by_the_text: By::Text("SET timestamp = 77"), "SELECT @@timestamp < 100";
    a_key_set_by_the_text: By::Text("SET insert_id = 77"), "SELECT @@insert_id";
    a_profile_of_the_text: By::Text("SET profiling = 1"), "SELECT @@profiling";
    a_last_number_of_the_text: By::Text("SELECT LAST_INSERT_ID(77)"), INSERT_ID;

    a_variable_set_by_a_view: By::View("SET @left_over = 1"), VARIABLE;
    a_variable_assigned_by_a_view: By::View("DO @left_over := 1; SET @left_over = 2"), VARIABLE;
    a_variable_selected_into_by_a_view: By::View("SELECT 1 INTO @left_over"), VARIABLE;
    a_mode_set_by_a_view: By::View("SET SESSION sql_mode = ''"), MODE;
    a_zone_set_by_a_view: By::View("SET time_zone = '+09:00'"), ZONE;
    a_length_set_by_a_view: By::View("SET group_concat_max_len = 77"), LENGTH;
    a_limit_set_by_a_view: By::View("SET sql_select_limit = 0"), "SELECT @@sql_select_limit";
    characters_set_by_a_view: By::View("SET character_set_results = latin1"), CHARACTERS;
    a_last_number_of_a_view: By::View("SET @unused = LAST_INSERT_ID(77)"), INSERT_ID;

    a_variable_set_by_a_trigger: By::Trigger("SET @left_over = 1"), VARIABLE;
    a_variable_selected_into_by_a_trigger: By::Trigger("SELECT 1 INTO @left_over"), VARIABLE;
    a_mode_set_by_a_trigger: By::Trigger("SET SESSION sql_mode = ''"), MODE;
    a_zone_set_by_a_trigger: By::Trigger("SET time_zone = '+09:00'"), ZONE;
    a_length_set_by_a_trigger: By::Trigger("SET group_concat_max_len = 77"), LENGTH;
    characters_set_by_a_trigger: By::Trigger("SET character_set_results = latin1"), CHARACTERS;
    a_temporary_table_of_a_trigger: By::Trigger("CREATE TEMPORARY TABLE NAME_temporary (a INT)"), TEMPORARY;
    a_last_number_of_a_trigger: By::Trigger("SET @unused = LAST_INSERT_ID(77)"), INSERT_ID;
);

// The other server neither counts nor shows it to every account.
on_servers!(
    a_variable_assigned_while_a_view_returns: mariadb_10_11,
    async |server: &str| {
        forgets(
            server,
            By::View("IF (@left_over := 1) THEN BEGIN END; END IF"),
            VARIABLE,
        )
        .await;
    }
);

/// A lock is anybody's to see, and goes with the session that held it.
async fn comes_free(server: &str, by: By) {
    let lock = unique("lock");
    let body = |text: &str| -> &'static str { text.replace("HELD", &lock).leak() };
    let by = match by {
        By::Text(text) => By::Text(body(text)),
        By::View(text) => By::View(body(text)),
        By::Trigger(text) => By::Trigger(body(text)),
    };
    forgets(server, by, "SELECT 1").await;
    let database = open(config(server)).await;
    let question = format!("SELECT IS_FREE_LOCK('{lock}')");
    until("the lock to be free", async || {
        cell(&database, &question, vec![]).await == Owned::Int(1)
    })
    .await;
}

macro_rules! freed {
    ($($fact:ident: $by:expr;)+) => {
        $(on_mysql!($fact, async |server: &str| comes_free(server, $by).await);)+
    };
}

freed!(
    a_lock_taken_by_the_text: By::Text("SELECT GET_LOCK('HELD', 0)");
    a_lock_taken_by_a_view: By::View("DO GET_LOCK('HELD', 0)");
    a_lock_taken_by_a_trigger: By::Trigger("DO GET_LOCK('HELD', 0)");
);

on_mysql!(
    the_rows_and_warnings_of_a_table_are_forgotten,
    async |server: &str| {
        let name = unique("warned");
        run_beside(
            server,
            format!(
                "CREATE TABLE {name} (a INT); INSERT INTO {name} VALUES (1), (2), (3), (4), (5)"
            ),
        )
        .await;
        let database = open(alone(config(server))).await;
        let found = "SELECT FOUND_ROWS()";
        let mut shown = Vec::new();
        for rows in [3, 5] {
            let sql = format!("SELECT CAST('x' AS SIGNED) FROM {name} WHERE a <= {rows}");
            read(&database, &sql, vec![]).await.unwrap();
            // One of the servers does not prepare it.
            let warnings = seen(&database, "SHOW WARNINGS").await;
            assert_eq!(warnings.unwrap_or_default(), Vec::<Vec<Owned>>::new());
            read(&database, &sql, vec![]).await.unwrap();
            shown.push(cell(&database, found, vec![]).await);
        }

        assert_eq!(shown[0], shown[1]);
        database.pool.close().await;
        run_beside(server, format!("DROP TABLE {name}")).await;
    }
);

on_mysql!(
    what_changes_nothing_keeps_its_session,
    async |server: &str| {
        let name = unique("kept");
        run_beside(
            server,
            format!(
                "CREATE TABLE {name} (a INT); INSERT INTO {name} VALUES (1); \
                 CREATE VIEW {name}_v AS SELECT a FROM {name}"
            ),
        )
        .await;
        let database = open(alone(writable(config(server)))).await;
        let session = cell(&database, "SELECT CONNECTION_ID()", vec![]).await;

        for sql in [
            "SELECT 1".to_owned(),
            format!("SELECT a FROM {name}"),
            format!("SELECT a FROM {name}_v"),
            format!("(SELECT a FROM {name}) UNION ALL SELECT a FROM {name}_v"),
            format!("WITH w AS (SELECT a FROM {name}) SELECT a FROM w"),
            format!("EXPLAIN SELECT a FROM {name}_v"),
            format!("SHOW COLUMNS FROM {name}"),
            format!("DESCRIBE {name}"),
            format!("CHECKSUM TABLE {name}"),
            format!("SELECT b FROM {name}"),
            format!("SELECT a FROM {name}_none"),
            format!("SELECT (SELECT a FROM {name} UNION ALL SELECT a FROM {name})"),
        ] {
            // Some are mistakes, which is part of the fact.
            let _ = read(&database, &sql, vec![]).await;
            assert_eq!(
                cell(&database, "SELECT CONNECTION_ID()", vec![]).await,
                session,
                "{sql}"
            );
        }
        for sql in [
            format!("INSERT INTO {name} VALUES (2)"),
            format!("INSERT INTO {name} SELECT a FROM {name}_v"),
            format!("UPDATE {name} SET a = 3"),
            format!("SELECT a FROM {name}"),
            format!("DELETE FROM {name} WHERE b = 1"),
            format!("DELETE FROM {name}"),
        ] {
            let _ = write(&database, &sql, vec![]).await;
            assert_eq!(
                cell(&database, "SELECT CONNECTION_ID()", vec![]).await,
                session,
                "{sql}"
            );
        }
        database.pool.close().await;
        run_beside(server, format!("DROP VIEW {name}_v; DROP TABLE {name}")).await;
    }
);
