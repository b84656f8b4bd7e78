//! Ways to read as somebody else, tried through the port: no policy stands in between.

use domain::{FailureKind, connection::Policy};
use support::{databases::open, on_postgres};

use super::{BY_SETTING, House, read_as, secret, tenant, write_as};

/// Each tries to see rows of `t2`, or to tell of them, as `t1`.
const ATTACKS: &[&str] = &[
    "SELECT set_config('app.tenant', 't2', true), (SELECT string_agg(word, ',') FROM orders)",
    "SELECT set_config('app.tenant', 't2', false) FROM generate_series(1, 2)",
    "WITH s AS MATERIALIZED (SELECT pg_catalog.set_config('app.tenant', 't2', true)) SELECT o.* FROM s, orders o",
    "SELECT * FROM orders WHERE \"set_config\"('app.tenant', 't2', true) = 't2'",
    "SELECT word FROM set_config('app.tenant', 't2', true), LATERAL (SELECT * FROM orders) o",
    "SELECT U&\"set\\005fconfig\"('app.tenant', 't2', true), o.* FROM orders o",
    "SELECT set_config/* */('app.tenant', 't2', true), o.* FROM orders o",
    "SELECT word FROM orders ORDER BY (SELECT set_config('app.tenant', 't2', true))",
    "SELECT CASE WHEN set_config('app.tenant', 't2', true) IS NULL THEN 1 END, word FROM orders",
    "VALUES (set_config('app.tenant', 't2', true))",
    "SELECT become('t2'), (SELECT string_agg(word, ',') FROM orders)",
    "SELECT public.become('t2'), o.* FROM orders o",
    "SELECT o.* FROM become('t2'), orders o",
    "SELECT ('t2'::text).become, o.* FROM orders o",
    "SELECT b.become, o.* FROM (VALUES ('t2')) AS v (b), LATERAL unnest(ARRAY[v.b]) AS b, orders o",
    "SELECT become_for_good('t2')",
    "SELECT o.become_by_row, p.* FROM orders o, orders p",
    "SELECT o.\"become_by_row\", p.* FROM orders o, orders p",
    "SELECT (o).become_by_row, p.* FROM orders o, orders p",
    "SELECT become_by_row(o), p.* FROM orders o, orders p",
    "SELECT reverse(1), o.* FROM orders o",
    "SELECT word FROM everything()",
    "SELECT * FROM public.everything() WHERE tell(word)",
    "SELECT word FROM orders WHERE tell(word)",
    "SET app.tenant = 't2'",
    "SET LOCAL app.tenant = 't2'",
    "SET SESSION app.tenant TO 't2'",
    "RESET app.tenant",
    "RESET ALL",
    "SET ROLE postgres",
    "RESET ROLE",
    "SET SESSION AUTHORIZATION DEFAULT",
    "SET row_security = off",
    "DISCARD ALL",
    "DO $$ BEGIN PERFORM set_config('app.tenant', 't2', false); END $$",
    "CALL switch('t2')",
    "PREPARE p AS SELECT word FROM orders",
    "EXECUTE sqlx_s_1",
    "EXPLAIN EXECUTE sqlx_s_1",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SELECT 1; SELECT set_config('app.tenant', 't2', false)",
    "COPY orders TO STDOUT",
    "COPY (SELECT set_config('app.tenant', 't2', false)) TO STDOUT",
    "DECLARE c CURSOR WITH HOLD FOR SELECT word FROM orders",
    "FETCH ALL FROM portolan_rows",
    "CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.tenant', 't2', true) $$",
    "CREATE TEMP TABLE mine AS SELECT * FROM orders",
    "SELECT word INTO TEMP mine FROM orders",
    "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY",
    "DROP POLICY own ON orders",
    "GRANT postgres TO CURRENT_USER",
    "ALTER ROLE CURRENT_USER SET app.tenant = 't2'",
    "EXPLAIN ANALYZE SELECT * FROM orders",
    "EXPLAIN SELECT * FROM orders WHERE tenant = 't2'",
    "EXPLAIN (ANALYZE, FORMAT JSON) SELECT word FROM orders",
    "SELECT most_common_vals FROM pg_stats WHERE tablename = 'orders'",
    "SELECT * FROM pg_catalog.pg_statistic",
    "SELECT n_live_tup FROM pg_stat_user_tables",
    "SELECT query FROM pg_stat_activity",
    "SELECT query FROM \"pg_catalog\".\"pg_stat_activity\"",
    "SELECT * FROM U&\"pg\\005fstat_activity\"",
    "SELECT * FROM pg_stat_get_activity(NULL)",
    "SELECT reltuples FROM pg_class WHERE relname = 'orders'",
    "SELECT statement FROM pg_prepared_statements",
    "SELECT * FROM pg_cursors",
    "SELECT rolname FROM pg_roles",
    "SELECT pg_relation_size('orders')",
    "SELECT pg_stat_get_live_tuples('orders'::regclass)",
    "SELECT query_to_xml('SELECT set_config(''app.tenant'', ''t2'', true)', true, true, '')",
    "SELECT cursor_to_xml('portolan_rows', 10, true, true, '')",
    "SELECT table_to_xml('orders', true, true, '')",
    "SELECT * FROM ts_stat('SELECT word::tsvector FROM orders')",
    "SELECT lo_get(1)",
    "SELECT lastval()",
    "SELECT currval('any')",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT word FROM orders WHERE tenant = 't2' OR true",
    "SELECT word FROM orders UNION ALL SELECT word FROM orders WHERE tenant = 't2'",
    "SELECT word::int FROM orders",
    "SELECT 1 / (length(word) - length(word)) FROM orders",
    "SELECT word FROM orders TABLESAMPLE SYSTEM (100)",
    "SELECT word FROM ONLY orders FOR SHARE",
    "TABLE orders",
    "SELECT json_agg(o) FROM orders o",
    "SELECT word FROM orders WHERE ctid = '(0,6)'",
];

const WHOSE: &str = "SELECT DISTINCT tenant FROM orders";

on_postgres!(nobody_reads_as_somebody_else, async |server: &str| {
    let house = House::new(server).await;
    let mut config = house.config(BY_SETTING, "");
    config.pool.max_connections = 1;
    let database = open(config).await;
    // What the session has prepared for another caller is there to be found.
    let sql = "SELECT word FROM orders WHERE word <> 'secret-of-t2-mentioned'";
    read_as(&database, &tenant(2), sql, vec![]).await.unwrap();

    for sql in ATTACKS {
        let told = match read_as(&database, &tenant(1), sql, vec![]).await {
            Ok(rows) => format!("{:?}", rows.rows),
            // The log is the operator's; what a caller is told is everything but the source.
            Err(failure) => serde_json::to_string(&failure).unwrap(),
        };
        for other in (0..20).filter(|other| *other != 1) {
            assert!(!told.contains(&secret(other)), "{sql}: {told}");
        }
        let next = read_as(&database, &tenant(3), WHOSE, vec![]).await;
        assert_eq!(
            format!("{:?}", next.unwrap().rows),
            "[[Text(\"t3\")]]",
            "{sql}"
        );
    }

    database.pool.close().await;
    house.drop().await;
});

on_postgres!(
    what_could_tell_of_others_is_refused_and_not_merely_empty,
    async |server: &str| {
        let house = House::new(server).await;
        let database = house.open().await;
        // The last ones are honest questions, which policies answer.
        let hostile = ATTACKS.iter().take_while(|sql| !sql.ends_with("OR true"));

        for sql in hostile {
            match read_as(&database, &tenant(1), sql, vec![]).await {
                Ok(rows) => panic!("{sql}: {rows:?}"),
                Err(failure) => assert!(
                    matches!(
                        failure.kind,
                        FailureKind::NotAllowed | FailureKind::InvalidSql
                    ),
                    "{sql}: {failure:?}"
                ),
            }
        }

        database.pool.close().await;
        house.drop().await;
    }
);

on_postgres!(
    where_writing_is_allowed_nobody_reads_as_somebody_else_either,
    async |server: &str| {
        let house = House::new(server).await;
        let mut config = house.config(BY_SETTING, "");
        config.policy = Policy::READ_WRITE;
        config.pool.max_connections = 1;
        let database = open(config).await;

        for sql in ATTACKS {
            let told = match write_as(&database, &tenant(1), sql).await {
                Ok((rows, _)) => format!("{:?}", rows.rows),
                Err(failure) => serde_json::to_string(&failure).unwrap(),
            };
            for other in (0..20).filter(|other| *other != 1) {
                assert!(!told.contains(&secret(other)), "{sql}: {told}");
            }
            let (next, _) = write_as(&database, &tenant(3), WHOSE).await.unwrap();
            assert_eq!(format!("{:?}", next.rows), "[[Text(\"t3\")]]", "{sql}");
        }

        database.pool.close().await;
        house.drop().await;
    }
);

on_postgres!(what_a_list_vouches_for_runs, async |server: &str| {
    let house = House::new(server).await;
    let database = open(house.config(BY_SETTING, "public.tell")).await;

    let listed = read_as(&database, &tenant(1), "SELECT public.tell('a')", vec![]).await;
    let unlisted = read_as(&database, &tenant(1), "SELECT public.become('t2')", vec![]).await;

    assert_eq!(listed.unwrap().rows.len(), 1);
    assert_eq!(unlisted.unwrap_err().kind, FailureKind::NotAllowed);
    database.pool.close().await;
    house.drop().await;
});
