//! What a session remembers, and what it must not.

use std::time::Duration;

use domain::{Cancel, FailureKind, query::QueryLimits};
use serde_json::json;
use support::{
    databases::{self, config, open, read, unique, writable, write},
    on_postgres,
    rows::Owned,
    waiting::until,
};

use super::helpers::{number, one, one_with, refused, run_slow};

on_postgres!(
    nothing_is_left_in_the_session_by_a_read,
    async |server: &str| {
        let mut config = config(server);
        config.pool.max_connections = 1;
        let database = open(config).await;
        let pid = one(&database, "SELECT pg_backend_pid()").await;

        for sql in [
            "SELECT pg_advisory_lock(4711)",
            "SELECT set_config('search_path', 'elsewhere', false)",
            "SELECT set_config('portolan.mark', 'left', false)",
            "LISTEN portolan",
        ] {
            read(&database, sql, vec![]).await.unwrap();
        }

        assert_eq!(one(&database, "SELECT pg_backend_pid()").await, pid);
        let locks =
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
        assert_eq!(one(&database, locks).await, number("0"));
        assert_eq!(
            one(&database, "SHOW search_path").await,
            Owned::Text("\"$user\", public".to_owned())
        );
        let mark = "SELECT coalesce(current_setting('portolan.mark', true), '')";
        assert_eq!(one(&database, mark).await, Owned::Text(String::new()));
        assert_eq!(
            read(&database, "SELECT pg_listening_channels()", vec![])
                .await
                .unwrap()
                .rows
                .len(),
            0
        );
    }
);

on_postgres!(
    nothing_is_left_in_the_session_by_a_write,
    async |server: &str| {
        let mut config = writable(config(server));
        config.pool.max_connections = 1;
        "Asia/Kathmandu".clone_into(&mut config.time_zone);
        let database = open(config).await;
        let table = unique("left");
        let pid = one(&database, "SELECT pg_backend_pid()").await;

        for sql in [
            "SELECT pg_advisory_lock(4712)",
            "SET search_path = elsewhere",
            "SET TimeZone = 'Europe/Rome'",
            "SET statement_timeout = 1",
            "SET ROLE pg_monitor",
            &format!("CREATE TEMP TABLE {table} ()"),
            "DECLARE portolan_left CURSOR WITH HOLD FOR SELECT 1",
        ] {
            write(&database, sql, vec![]).await.unwrap();
        }

        assert_eq!(one(&database, "SELECT pg_backend_pid()").await, pid);
        let locks =
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
        assert_eq!(one(&database, locks).await, number("0"));
        assert_eq!(
            one(&database, "SHOW search_path").await,
            Owned::Text("\"$user\", public".to_owned())
        );
        assert_eq!(
            one(&database, "SHOW TimeZone").await,
            Owned::Text("Asia/Kathmandu".to_owned())
        );
        assert_eq!(
            one(&database, "SHOW statement_timeout").await,
            Owned::Text("30s".to_owned())
        );
        assert_eq!(
            one(&database, "SELECT current_user").await,
            Owned::Text("portolan".to_owned())
        );
        assert_eq!(
            one_with(&database, "SELECT to_regclass($1)", vec![json!(table)]).await,
            Owned::Null
        );
        assert_eq!(
            one(&database, "SELECT count(*) FROM pg_cursors").await,
            number("0")
        );
    }
);

on_postgres!(
    a_table_that_changes_its_shape_does_not_spoil_known_statements,
    async |server: &str| {
        let mut config = writable(config(server));
        config.pool.max_connections = 1;
        let database = open(config).await;
        let table = unique("reshaped");
        write(
            &database,
            &format!("CREATE TABLE {table} AS SELECT 1 AS a"),
            vec![],
        )
        .await
        .unwrap();
        let select = format!("SELECT * FROM {table}");
        assert_eq!(one(&database, &select).await, number("1"));

        write(
            &database,
            &format!("ALTER TABLE {table} ALTER a TYPE text"),
            vec![],
        )
        .await
        .unwrap();
        assert_eq!(one(&database, &select).await, Owned::Text("1".to_owned()));
        write(
            &database,
            &format!("ALTER TABLE {table} RENAME a TO b"),
            vec![],
        )
        .await
        .unwrap();
        assert_eq!(
            read(&database, &select, vec![]).await.unwrap().columns[0].name,
            "b"
        );
        write(&database, &format!("DROP TABLE {table}"), vec![])
            .await
            .unwrap();

        let failure = refused(&database, &select, vec![]).await;
        assert_eq!(
            (failure.sqlstate.as_deref(), failure.position),
            (Some("42P01"), Some(15))
        );
    }
);

on_postgres!(
    statements_that_vanished_are_prepared_again,
    async |server: &str| {
        let mut config = config(server);
        config.pool.max_connections = 1;
        let database = open(config).await;
        assert_eq!(one(&database, "SELECT 41 + 1").await, number("42"));

        read(&database, "DEALLOCATE ALL", vec![]).await.unwrap();

        assert_eq!(one(&database, "SELECT 41 + 1").await, number("42"));
    }
);

on_postgres!(
    a_name_that_is_taken_never_runs_the_wrong_statement,
    async |server: &str| {
        let mut config = config(server);
        config.pool.max_connections = 1;
        let database = open(config).await;
        for number in 1..20 {
            let _ = read(
                &database,
                &format!("PREPARE sqlx_s_{number} AS SELECT 'wrong'"),
                vec![],
            )
            .await;
        }

        for value in 0..20 {
            assert_eq!(
                one(&database, &format!("SELECT {value}")).await,
                number(&value.to_string())
            );
        }
    }
);

on_postgres!(
    more_statements_than_a_session_remembers_all_work,
    async |server: &str| {
        let mut config = config(server);
        config.pool.max_connections = 1;
        let database = open(config).await;

        for round in 0..2 {
            for value in 0..450 {
                let sql = if value % 50 == 0 {
                    format!("SELECT {value}, '{{}}'::int4multirange")
                } else {
                    format!("SELECT {value}")
                };
                assert_eq!(
                    one(&database, &sql).await,
                    number(&value.to_string()),
                    "round {round}"
                );
            }
        }
        let kept = "SELECT count(*) < 250 FROM pg_prepared_statements";
        assert_eq!(one(&database, kept).await, Owned::Bool(true));
    }
);

on_postgres!(
    a_session_that_died_while_idle_is_replaced,
    async |server: &str| {
        let mut config = writable(config(server));
        config.pool.max_connections = 1;
        let database = open(config).await;
        let killer = open(databases::config(server)).await;
        for round in 0..2 {
            let Owned::Number(pid) = one(&database, "SELECT pg_backend_pid()").await else {
                unreachable!()
            };
            let alive = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1";
            read(&killer, "SELECT pg_terminate_backend($1)", vec![json!(pid)])
                .await
                .unwrap();
            until("the session is dead", async || {
                one_with(&killer, alive, vec![json!(pid)]).await == number("0")
            })
            .await;

            if round == 0 {
                assert_eq!(one(&database, "SELECT 1").await, number("1"));
            } else {
                assert_eq!(
                    database.pool.test(&Cancel::new()).await.unwrap().version,
                    database.server.version
                );
            }
        }
    }
);

on_postgres!(
    everything_works_without_relying_on_the_session,
    async |server: &str| {
        let mut config = writable(config(server));
        config.pooler = true;
        config.pool.max_connections = 1;
        "Asia/Kathmandu".clone_into(&mut config.time_zone);
        config.schema = Some("pg_catalog, public".to_owned());
        let database = open(config).await;
        let table = unique("pooled");

        write(
            &database,
            &format!("CREATE TABLE public.{table} (a int, m int4multirange)"),
            vec![],
        )
        .await
        .unwrap();
        for _ in 0..2 {
            let insert = format!("INSERT INTO {table} VALUES ($1)");
            assert_eq!(
                write(&database, &insert, vec![json!(1)])
                    .await
                    .unwrap()
                    .1
                    .affected_rows,
                Some(1)
            );
            let rows = read(
                &database,
                &format!("SELECT * FROM {table} WHERE a = $1"),
                vec![json!(2)],
            )
            .await
            .unwrap();
            assert_eq!(rows.columns[1].type_name, "int4multirange");
            assert_eq!(
                one(&database, "SHOW TimeZone").await,
                Owned::Text("Asia/Kathmandu".to_owned())
            );
            assert_eq!(
                one(&database, "SHOW search_path").await,
                Owned::Text("pg_catalog, public".to_owned())
            );
            // Only the statement that asks is there.
            assert_eq!(
                one(&database, "SELECT count(*) FROM pg_prepared_statements").await,
                number("1")
            );
            assert_eq!(
                refused(&database, &format!("DELETE FROM {table}"), vec![])
                    .await
                    .sqlstate
                    .as_deref(),
                Some("25006")
            );
            assert_eq!(
                refused(&database, "SELECT nothing", vec![]).await.position,
                Some(8)
            );
        }
        write(&database, &format!("DROP TABLE {table}"), vec![])
            .await
            .unwrap();
        assert_eq!(
            run_slow(
                database.clone(),
                unique("pooled"),
                QueryLimits {
                    time: Duration::from_millis(200),
                    ..QueryLimits::default()
                },
                Cancel::new(),
            )
            .await
            .kind,
            FailureKind::Timeout
        );
    }
);

on_postgres!(
    a_changed_table_shows_its_new_columns_without_rows_too,
    async |server: &str| {
        let admin = open(writable(config(server))).await;
        let mut config = config(server);
        config.pool.max_connections = 1;
        let database = open(config).await;
        let table = unique("emptied");
        write(&admin, &format!("CREATE TABLE {table} (a int)"), vec![])
            .await
            .unwrap();
        for (select, params) in [
            (format!("SELECT * FROM {table}"), vec![]),
            (format!("SELECT * FROM {table} WHERE $1"), vec![json!(true)]),
        ] {
            let names = async || -> Vec<String> {
                let rows = read(&database, &select, params.clone()).await.unwrap();
                rows.columns.into_iter().map(|column| column.name).collect()
            };
            assert_eq!(names().await, ["a"]);
            assert_eq!(names().await, ["a"]);
            write(&admin, &format!("ALTER TABLE {table} ADD b text"), vec![])
                .await
                .unwrap();
            assert_eq!(names().await, ["a", "b"]);
            write(&admin, &format!("ALTER TABLE {table} DROP b"), vec![])
                .await
                .unwrap();
        }
        write(&admin, &format!("DROP TABLE {table}"), vec![])
            .await
            .unwrap();
    }
);

on_postgres!(
    a_write_leaves_nothing_on_a_connection_that_others_use_too,
    async |server: &str| {
        let mut config = writable(config(server));
        config.pooler = true;
        config.pool.max_connections = 1;
        let database = open(config).await;
        let table = unique("left");
        let state = format!(
            "SELECT concat_ws(' ', current_setting('search_path'), to_regclass('pg_temp.{table}'), \
             (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()))"
        );
        let before = one(&database, &state).await;

        for sql in [
            format!("CREATE TEMP TABLE {table} (a int)"),
            "SELECT pg_advisory_lock(8100), set_config('search_path', 'pg_temp', false)".to_owned(),
        ] {
            write(&database, &sql, vec![]).await.unwrap();
            assert_eq!(one(&database, &state).await, before, "{sql}");
        }
    }
);

on_postgres!(
    a_function_that_prepares_under_our_names_is_never_taken_for_a_statement,
    async |server: &str| {
        let mut config = writable(config(server));
        config.pool.max_connections = 1;
        let database = open(config).await;
        let name = unique("thief");
        let run = async |sql: String, params| write(&database, &sql, params).await.unwrap().0.rows;
        run(format!("CREATE TABLE {name} (a int)"), vec![]).await;
        run(format!("INSERT INTO {name} VALUES (1)"), vec![]).await;
        run(
            format!(
                "CREATE FUNCTION {name}() RETURNS int LANGUAGE plpgsql AS $$ BEGIN \
                 EXECUTE 'DEALLOCATE ALL'; \
                 FOR i IN 1..60 LOOP EXECUTE 'PREPARE sqlx_s_' || i || ' AS DELETE FROM {name}'; END LOOP; \
                 RETURN 1; END $$"
            ),
            vec![],
        )
        .await;
        let select = "SELECT $1::int".to_owned();
        let three = vec![vec![number("3")]];
        assert_eq!(run(select.clone(), vec![json!(3)]).await, three);

        run(format!("SELECT {name}()"), vec![]).await;

        assert_eq!(run(select, vec![json!(3)]).await, three);
        assert_eq!(
            run(format!("SELECT count(*) FROM {name}"), vec![]).await,
            [[number("1")]]
        );
        run(format!("DROP FUNCTION {name}"), vec![]).await;
        run(format!("DROP TABLE {name}"), vec![]).await;
    }
);
