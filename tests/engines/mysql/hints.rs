//! What a mistake is answered with, beyond the server's own words.

use domain::connection::Database;
use serde_json::json;
use support::{
    databases::{config, open, read, unique, writable, write},
    on_mysql, on_servers,
};

use super::helpers::run_beside;

/// Three tables and a function in a database of their own.
async fn made(server: &str) -> (Database, String) {
    let place = unique("hints");
    run_beside(
        server,
        format!(
            "CREATE DATABASE {place};
             CREATE TABLE {place}.users (id INT PRIMARY KEY, email TEXT, age INT);
             CREATE TABLE {place}.contacts (id INT PRIMARY KEY, email TEXT, user_id INT);
             CREATE TABLE {place}.notes (id INT PRIMARY KEY, body TEXT);
             CREATE FUNCTION {place}.total_of(amount INT) RETURNS INT DETERMINISTIC RETURN amount"
        ),
    )
    .await;
    let mut config = config(server);
    config.database = Some(place.clone());
    (open(config).await, place)
}

async fn hint(database: &Database, sql: &str) -> (Option<i64>, String) {
    let failure = read(database, sql, vec![]).await.unwrap_err();
    (failure.native_code, failure.hint.unwrap_or_default())
}

on_mysql!(
    a_mistake_is_answered_with_what_to_write,
    async |server: &str| {
        let (database, place) = made(server).await;

        for (sql, code, expected) in [
            (
                "SELECT emial FROM users u, contacts",
                1054,
                "Did you mean u.email or contacts.email?",
            ),
            (
                "SELECT emial FROM notes",
                1054,
                "Known columns: notes.id, notes.body. Of other tables: contacts.email, users.email.",
            ),
            ("SELECT x.email FROM users u", 1054, "Did you mean u.email?"),
            (
                "SELECT id FROM users u JOIN contacts c ON c.user_id = u.id",
                1052,
                "Write u.id or c.id.",
            ),
            ("SELECT total_off(1)", 1305, "Did you mean total_of()?"),
            (
                "SELECT id FROM users WHERE id = $1",
                1054,
                "Write `?` for each parameter; MySQL and MariaDB know no `$1`, `:name`, `@p1` or `%s`.",
            ),
            (
                "SELECT id FROM users WHERE id = %s",
                1064,
                "Write `?` for each parameter; MySQL and MariaDB know no `$1`, `:name`, `@p1` or `%s`.",
            ),
        ] {
            assert_eq!(
                hint(&database, sql).await,
                (Some(code), expected.to_owned()),
                "{sql}"
            );
        }
        run_beside(server, format!("DROP DATABASE {place}")).await;
    }
);

on_mysql!(
    a_variable_in_place_of_a_placeholder_is_told,
    async |server: &str| {
        let database = open(config(server)).await;

        let failure = read(&database, "SELECT @p1", vec![json!(1)])
            .await
            .unwrap_err();

        assert_eq!(
            failure.hint.as_deref(),
            Some(
                "Write `?` for each parameter; MySQL and MariaDB know no `$1`, `:name`, `@p1` or `%s`."
            )
        );
    }
);

on_mysql!(
    a_name_in_another_database_is_told_with_it,
    async |server: &str| {
        let (_, place) = made(server).await;
        let table = unique("far_away");
        let routine = unique("far_total");
        run_beside(
            server,
            format!(
                "CREATE TABLE {place}.{table} (id INT);
                 CREATE FUNCTION {place}.{routine}(amount INT) RETURNS INT DETERMINISTIC RETURN amount"
            ),
        )
        .await;
        let database = open(config(server)).await;

        let of_table = hint(&database, &format!("SELECT * FROM {table}")).await.1;
        let of_function = hint(&database, &format!("SELECT {routine}(1)")).await.1;
        let misspelt = place.replace("hints", "hnits");
        let of_place = hint(
            &database,
            &format!("SELECT * FROM {misspelt}.{table}_and_more"),
        )
        .await
        .1;

        assert_eq!(of_table, format!("Did you mean {place}.{table}?"));
        assert_eq!(of_function, format!("Did you mean {place}.{routine}?"));
        assert_eq!(of_place, format!("Did you mean the database `{place}`?"));
        run_beside(server, format!("DROP DATABASE {place}")).await;
    }
);

on_servers!(
    what_a_grouping_lacks_is_told: mysql_9,
    async |server: &str| {
        let (database, place) = made(server).await;

        for (sql, code, expected) in [
            (
                "SELECT u.age, email, COUNT(*) FROM users u GROUP BY age",
                1055,
                "Add email to GROUP BY; or wrap in an aggregate such as max(u.email).",
            ),
            (
                "SELECT u.age, email, COUNT(*) FROM users u",
                1140,
                "Add GROUP BY u.age, email; or wrap each in an aggregate such as max(u.age).",
            ),
        ] {
            assert_eq!(hint(&database, sql).await, (Some(code), expected.to_owned()), "{sql}");
        }
        run_beside(server, format!("DROP DATABASE {place}")).await;
    }
);

on_mysql!(
    a_value_of_another_type_is_told_with_both_types_and_a_conversion,
    async |server: &str| {
        let (database, place) = made(server).await;
        let writing = open(writable((*database.config).clone())).await;
        write(
            &writing,
            "CREATE TABLE kept (n INT, d DATE, e ENUM('a', 'b'), s VARCHAR(9))",
            vec![],
        )
        .await
        .unwrap();
        write(&writing, "INSERT INTO kept (s) VALUES ('abc')", vec![])
            .await
            .unwrap();

        for (sql, code, expected) in [
            (
                "INSERT INTO kept (n) VALUES ('it''s')",
                1366,
                "'it's' is text and no integer, which column `n` takes: give a whole number such as 42, or convert the text with CAST(text AS SIGNED).",
            ),
            (
                "INSERT INTO kept (d) VALUES ('31/12/2024')",
                1292,
                "'31/12/2024' is text and no date, which column `d` takes: give a date such as '2024-12-31', or convert the text with STR_TO_DATE(text, '%d/%m/%Y').",
            ),
            (
                "UPDATE kept SET n = s + 1",
                1292,
                "'abc' is text and no double: compare text with text, as in CAST(number AS CHAR) = text, and convert with CAST(text AS DECIMAL(20,6)) only text that has that form.",
            ),
            (
                "INSERT INTO kept (e) VALUES ('z')",
                1265,
                "The value is none of those that column `e` takes, or only its beginning is: describe_table tells the column's type, and an enum's values.",
            ),
        ] {
            let failure = write(&writing, sql, vec![]).await.unwrap_err();
            assert_eq!(
                (failure.native_code, failure.hint.as_deref()),
                (Some(code), Some(expected)),
                "{sql}"
            );
        }
        run_beside(server, format!("DROP DATABASE {place}")).await;
    }
);
