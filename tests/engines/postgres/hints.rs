//! What a mistake is answered with, beyond the server's own words.

use serde_json::json;
use support::{
    databases::{config, open, read, unique, writable, write},
    on_postgres,
};

use super::helpers::refused;

/// Two tables in a schema of their own, on the path, with a function and an enumeration.
async fn made(server: &str) -> (domain::connection::Database, String) {
    let schema = unique("hints");
    let database = open(writable(config(server))).await;
    for sql in [
        format!("CREATE SCHEMA {schema}"),
        format!(
            "CREATE TABLE {schema}.users (id int PRIMARY KEY, email text, age int, active boolean, \
             score float8, data json, seen timestamptz, \"userId\" int)"
        ),
        format!("CREATE TABLE {schema}.contacts (id int PRIMARY KEY, email text, user_id int)"),
        format!("CREATE TABLE {schema}.notes (id int PRIMARY KEY, body text)"),
        format!("CREATE TABLE {schema}.table_{schema} (id int)"),
        format!("CREATE TYPE {schema}.mood AS ENUM ('sad', 'content')"),
        format!(
            "CREATE FUNCTION {schema}.total_{schema}(amount int) RETURNS int LANGUAGE sql AS 'SELECT amount'"
        ),
    ] {
        write(&database, &sql, vec![]).await.unwrap();
    }
    let mut config = config(server);
    config.schema = Some(schema.clone());
    (open(config).await, schema)
}

async fn drop_schema(server: &str, schema: &str) {
    let database = open(writable(config(server))).await;
    write(&database, &format!("DROP SCHEMA {schema} CASCADE"), vec![])
        .await
        .unwrap();
}

on_postgres!(
    a_mistake_is_answered_with_what_to_write,
    async |server: &str| {
        let (database, schema) = made(server).await;

        let grouped =
            "Add u.age, email to GROUP BY; or wrap each in an aggregate such as max(u.age).";
        for (sql, code, hint) in [
            (
                "SELECT userid FROM users u, contacts c",
                "42703",
                "Did you mean u.\"userId\"?",
            ),
            (
                "SELECT userId FROM users",
                "42703",
                "Did you mean users.\"userId\"?",
            ),
            (
                "INSERT INTO users (id, emial) VALUES (1, 'a')",
                "42703",
                "Did you mean users.email?",
            ),
            (
                "SELECT id FROM users u JOIN contacts c ON c.user_id = u.id",
                "42702",
                "Write u.id or c.id.",
            ),
            (
                "SELECT x.id FROM users u JOIN contacts ON true",
                "42P01",
                "No table in FROM has that name; once a table has an alias, only the alias names it. In FROM: u, contacts.",
            ),
            (
                "SELECT * FROM no_such_schema.table_SCHEMA",
                "42P01",
                "No table can be seen in no_such_schema. Did you mean table_SCHEMA?",
            ),
            (
                "SELECT tatol_SCHEMA(1)",
                "42883",
                "Did you mean total_SCHEMA()?",
            ),
            (
                "SELECT total_SCHEMA('2020-01-01'::date)",
                "42883",
                "There is total_SCHEMA(amount integer). Cast the arguments to fit, with value::type.",
            ),
            (
                "SELECT round(score, 2) FROM users",
                "42883",
                "There is round(numeric, integer), round(double precision), round(numeric). Cast the arguments to fit, with value::type.",
            ),
            (
                "SELECT u.id FROM users u WHERE u.id = email",
                "42883",
                "Cast one side: u.id::text = email or u.id = email::integer.",
            ),
            (
                "SELECT id FROM users WHERE id NOT IN (SELECT body FROM notes)",
                "42883",
                "The left side is integer, the right side text: write id::text on the left.",
            ),
            (
                "SELECT id FROM users u WHERE u.seen::date = 2024 + 1",
                "42883",
                "The left side is date, the right side integer: give a date, such as value = date '2024-12-31', or compare a part of it, such as extract(year FROM value) = 2024.",
            ),
            (
                "SELECT id FROM users WHERE active = 1",
                "42883",
                "Cast one side: active::integer = 1.",
            ),
            (
                "SELECT id FROM users WHERE id LIKE 'a'",
                "42883",
                "Cast one side: id::text LIKE 'a'.",
            ),
            (
                "SELECT id FROM users WHERE seen > now() - 7",
                "42883",
                "Write the number as an interval, such as - interval '7 days'.",
            ),
            (
                "SELECT data ? 'a' FROM users",
                "42883",
                "Only jsonb has the operator ?: cast the left side with ::jsonb.",
            ),
            (
                "SELECT data::jsonb ?? 'a' FROM users",
                "42883",
                "Write the operator of jsonb once: ?, ?| or ?&.",
            ),
            (
                "SELECT id FROM users UNION SELECT email FROM users",
                "42804",
                "Make both text: write value::text where the integer stands.",
            ),
            (
                "INSERT INTO users (id) SELECT email FROM contacts",
                "42804",
                "Write (expression)::integer for column \"id\", where the text stands.",
            ),
            (
                "SELECT id FROM users WHERE age",
                "42804",
                "Compare it, such as value <> 0.",
            ),
            (
                "SELECT id FROM users WHERE id = 'abc'",
                "22P02",
                "'abc' is text and no integer: give an integer, or compare as text, such as column::text = 'abc'.",
            ),
            ("SELECT 'contnet'::mood", "22P02", "Did you mean 'content'?"),
            (
                "SELECT 'x'::mood",
                "22P02",
                "Values of mood: 'sad', 'content'.",
            ),
            (
                "SELECT u.age, email, count(*) FROM users u GROUP BY active",
                "42803",
                grouped,
            ),
            (
                "SELECT id FROM users WHERE id = @p1",
                "42703",
                "PostgreSQL's placeholders are $1, $2, …, not @name.",
            ),
            (
                "SELECT 'why?', id AS \"who?\" FROM users WHERE",
                "42601",
                "The text ends too early; add what is missing at its end.",
            ),
            (
                "SELECT id FROM users WHERE id = %s",
                "42601",
                "PostgreSQL's placeholders are $1, $2, …, not %s.",
            ),
            (
                "SELECT * FROM information_schma.tables",
                "42P01",
                "Did you mean the schema information_schema?",
            ),
            (
                "SELECT id FROM users WHERE id = ANY ('a')",
                "22P02",
                "An array is written ARRAY[1, 2], or as the text '{1,2}'.",
            ),
            (
                "SELECT id + email FROM users",
                "42883",
                "Cast one side: id + email::integer.",
            ),
            (
                "SELECT 1 / 0",
                "22012",
                "Guard the divisor with NULLIF(divisor, 0).",
            ),
        ] {
            let named = |text: &str| text.replace("SCHEMA", &schema);
            let failure = refused(&database, &named(sql), vec![]).await;
            assert_eq!(
                (failure.sqlstate.as_deref(), failure.hint),
                (Some(code), Some(named(hint))),
                "{sql}"
            );
        }
        drop_schema(server, &schema).await;
    }
);

on_postgres!(
    a_column_of_another_table_is_told_with_it,
    async |server: &str| {
        let (database, schema) = made(server).await;

        let failure = refused(&database, "SELECT emial FROM notes", vec![]).await;

        let hint = failure.hint.unwrap();
        assert!(
            hint.starts_with(
                "Known columns: notes.id, notes.body. Of other tables: contacts.email, users.email"
            ),
            "{hint}"
        );
        drop_schema(server, &schema).await;
    }
);

on_postgres!(
    a_schema_that_does_not_exist_gets_the_nearest,
    async |server: &str| {
        let (database, schema) = made(server).await;

        let misspelt = schema.replace("hints", "hnits");
        let call = format!("SELECT {misspelt}.f(1)");
        let failure = refused(&database, &call, vec![]).await;

        assert_eq!(failure.sqlstate.as_deref(), Some("3F000"));
        assert_eq!(
            failure.hint,
            Some(format!("Did you mean the schema {schema}?"))
        );
        drop_schema(server, &schema).await;
    }
);

on_postgres!(
    a_parameter_that_no_enumeration_has_is_told_its_values,
    async |server: &str| {
        let (database, schema) = made(server).await;

        let failure = refused(&database, "SELECT $1::mood", vec![json!("glad")]).await;
        assert_eq!(failure.parameter, Some(1));
        let after = read(&database, "SELECT $1::mood", vec![json!("sad")]).await;

        assert_eq!(
            failure.hint.as_deref(),
            Some("Values of mood: 'sad', 'content'.")
        );
        assert!(after.is_ok());
        drop_schema(server, &schema).await;
    }
);
