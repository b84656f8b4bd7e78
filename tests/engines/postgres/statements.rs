//! What a statement, its parameters and its mistakes are answered with.

use domain::FailureKind;
use serde_json::{Value, json};
use support::{
    databases::{config, open, read, unique, writable, write},
    on_postgres,
    rows::Owned,
};

use super::helpers::{number, one, one_with, refused};

on_postgres!(two_statements_are_refused, async |server: &str| {
    let database = open(config(server)).await;

    for (sql, second) in [
        ("SELECT 'é'; SELECT 2", 13),
        ("COMMIT; DROP TABLE pg_class", 9),
        ("SELECT 1; -- a\n SELECT 2", 17),
    ] {
        let failure = refused(&database, sql, vec![]).await;
        assert_eq!(failure.kind, FailureKind::InvalidSql, "{sql}");
        assert!(
            failure.message.contains("more than one statement"),
            "{failure:?}"
        );
        assert_eq!(failure.position, Some(second), "{sql}");
    }
    assert_eq!(one(&database, "SELECT 1; -- the end").await, number("1"));
});

on_postgres!(
    placeholders_and_parameters_are_counted,
    async |server: &str| {
        let database = open(config(server)).await;

        for (params, message) in [
            (
                vec![],
                "The statement has 2 placeholders, but no parameters were given.",
            ),
            (
                vec![json!(1)],
                "The statement has 2 placeholders, but 1 parameter was given.",
            ),
            (
                vec![json!(1), json!(2), json!(3)],
                "The statement has 2 placeholders, but 3 parameters were given.",
            ),
        ] {
            let failure = refused(&database, "SELECT $1::int + $2::int", params).await;
            assert_eq!(failure.kind, FailureKind::InvalidArgument);
            assert_eq!(failure.message, message);
            assert!(failure.hint.unwrap().contains("$1"));
        }
    }
);

on_postgres!(
    a_parameter_of_the_wrong_form_is_named,
    async |server: &str| {
        let database = open(config(server)).await;

        for (sql, params, number, sqlstate) in [
            ("SELECT $1::text, $2::int", json!(["a", "b"]), 2, "22P02"),
            ("SELECT $1::date", json!(["2024-02-30"]), 1, "22008"),
            ("SELECT $1::int2", json!([70000]), 1, "22003"),
            (
                "SELECT $1::text, $2::int[]",
                json!(["é'\\", [1, "x"]]),
                2,
                "22P02",
            ),
            ("SELECT $1::int[]", json!([[[1], [1, 2]]]), 1, "22P02"),
        ] {
            let Value::Array(params) = params else {
                unreachable!()
            };
            let failure = refused(&database, sql, params).await;
            assert_eq!(failure.kind, FailureKind::InvalidSql, "{sql}");
            assert_eq!(failure.parameter, Some(number), "{sql}: {failure:?}");
            assert_eq!(failure.position, None, "{sql}");
            assert_eq!(failure.sqlstate.as_deref(), Some(sqlstate), "{sql}");
        }
    }
);

on_postgres!(
    question_marks_are_answered_with_the_right_style,
    async |server: &str| {
        let database = open(config(server)).await;

        for sql in [
            "SELECT 1 WHERE 1 = ?",
            "SELECT * FROM pg_class WHERE relname = ? AND relkind = ?",
        ] {
            let failure = refused(&database, sql, vec![json!(1)]).await;
            assert_eq!(failure.kind, FailureKind::InvalidSql);
            assert!(failure.hint.as_ref().unwrap().contains("$1"), "{failure:?}");
        }
        let contains = one(&database, r#"SELECT '{"a": 1}'::jsonb ? 'a'"#).await;
        assert_eq!(contains, Owned::Bool(true));
    }
);

on_postgres!(parameters_are_values_and_never_sql, async |server: &str| {
    let database = open(config(server)).await;

    for text in [
        "'); DROP TABLE x; --",
        "\\'; SELECT 1; --",
        "E'\\'",
        "$1",
        "\\",
        "''",
        "\u{1f6a2} é \n\t",
        "/*",
    ] {
        assert_eq!(
            one_with(&database, "SELECT $1::text", vec![json!(text)]).await,
            Owned::Text(text.to_owned())
        );
        assert_eq!(
            one_with(&database, "SELECT ($1::text[])[1]", vec![json!([text])]).await,
            Owned::Text(text.to_owned())
        );
    }
    let failure = refused(&database, "SELECT $1::text", vec![json!("a\0b")]).await;
    assert_eq!(failure.parameter, Some(1));
});

on_postgres!(
    positions_count_characters_of_the_clients_text,
    async |server: &str| {
        let database = open(config(server)).await;

        for (sql, position) in [
            ("SELECT 'éé🚢', emial FROM pg_class", 15),
            ("SELECT 'é' FRO pg_class x", 16),
            ("SELECT 1 +", 11),
        ] {
            let failure = refused(&database, sql, vec![]).await;
            assert_eq!(failure.kind, FailureKind::InvalidSql);
            assert_eq!(failure.position, Some(position), "{failure:?}");
        }
    }
);

on_postgres!(
    a_misspelt_name_is_answered_with_the_nearest,
    async |server: &str| {
        let admin = open(writable(config(server))).await;
        let table = unique("hint_customers");
        write(
            &admin,
            &format!("CREATE TABLE {table} (id int, email_address text)"),
            vec![],
        )
        .await
        .unwrap();
        let database = open(config(server)).await;

        let misspelt = table.replace("customers", "custmers");
        let failure = refused(
            &database,
            &format!("SELECT * FROM public.{misspelt}"),
            vec![],
        )
        .await;
        assert_eq!(failure.sqlstate.as_deref(), Some("42P01"));
        assert_eq!(failure.hint, Some(format!("Did you mean {table}?")));
        assert_eq!(failure.position, Some(15));

        // The server itself guesses only within a few letters.
        let failure = refused(
            &database,
            &format!("SELECT emailadress FROM {table}"),
            vec![],
        )
        .await;
        assert_eq!(failure.sqlstate.as_deref(), Some("42703"));
        assert!(
            failure
                .hint
                .as_ref()
                .unwrap()
                .contains(&format!("{table}.email_address")),
            "{failure:?}"
        );

        let failure = refused(&database, &format!("SELECT telephone FROM {table}"), vec![]).await;
        assert_eq!(
            failure.hint,
            Some(format!("Known columns: {table}.id, {table}.email_address."))
        );
        write(&admin, &format!("DROP TABLE {table}"), vec![])
            .await
            .unwrap();
    }
);

on_postgres!(a_result_without_rows_has_columns, async |server: &str| {
    let database = open(config(server)).await;

    for _ in 0..2 {
        let rows = read(
            &database,
            "SELECT 1 AS a, 'x' AS \"B c\", '{}'::int[], '{}'::int4multirange AS d_x_, 'a'::regclass WHERE false",
            vec![],
        )
        .await;
        // The statement as such is wrong only when it is planned: 'a' is no table.
        assert_eq!(rows.unwrap_err().sqlstate.as_deref(), Some("42P01"));
        let rows = read(
            &database,
            "SELECT 1 AS a, 'x' AS \"B c\", '{}'::int[], '{}'::int4multirange AS d_x_ WHERE $1",
            vec![json!(false)],
        )
        .await
        .unwrap();
        let columns: Vec<_> = rows
            .columns
            .iter()
            .map(|column| (column.name.as_str(), column.type_name.as_str()))
            .collect();
        assert_eq!(
            columns,
            [
                ("a", "int4"),
                ("B c", "text"),
                ("int4", "int4[]"),
                ("d_x_", "int4multirange")
            ]
        );
        assert_eq!(rows.rows.len(), 0);
    }
});

on_postgres!(
    copy_is_refused_and_the_next_call_works,
    async |server: &str| {
        let database = open(config(server)).await;

        let failure = refused(&database, "COPY pg_class TO STDOUT", vec![]).await;

        assert_eq!(failure.kind, FailureKind::Unsupported);
        assert_eq!(one(&database, "SELECT 1").await, number("1"));
    }
);
