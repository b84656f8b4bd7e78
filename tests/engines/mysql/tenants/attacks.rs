//! Ways to read as somebody else, tried through the port: no policy stands in between.

use domain::{FailureKind, connection::Policy};
use support::{databases::open, on_mysql};

use super::{PRIVILEGES, TENANTS, mapped, opened_for_tenants, read_as, secret, shared, tenant};

/// Each tries to see rows of `t2`, or to tell of them, as `t1`.
const ATTACKS: &[&str] = &[
    "SET @tenant = 't2'",
    "SET @`tenant` := 't2'",
    "SET @TENANT = 't2', @other = 1",
    "SELECT @tenant := 't2', o.* FROM orders o",
    "SELECT @`tenant` := 't2', o.* FROM orders o",
    "SELECT @'tenant' := 't2', o.* FROM orders o",
    "SELECT @\"tenant\" := 't2', o.* FROM orders o",
    "SELECT @ tenant := 't2', o.* FROM orders o",
    "SELECT @/**/tenant := 't2', o.* FROM orders o",
    "SELECT @Tenant:='t2',word FROM orders",
    "SELECT o.* FROM (SELECT @tenant := 't2') x, orders o",
    "WITH x AS (SELECT @tenant := 't2') SELECT o.* FROM x, orders o",
    "SELECT word FROM orders WHERE (@tenant := 't2') IS NOT NULL",
    "SELECT word FROM orders ORDER BY (@tenant := 't2')",
    "SELECT word FROM orders GROUP BY word, (@tenant := 't2')",
    "SELECT word FROM orders LIMIT 1 INTO @tenant",
    "SELECT 't2' INTO @tenant",
    "SELECT 't2' INTO@tenant",
    "SELECT word INTO @tenant FROM orders",
    "VALUES ROW('t2') INTO @tenant",
    "SELECT /*! @tenant := 't2', */ o.* FROM orders o",
    "SELECT /*M! @tenant := 't2', */ o.* FROM orders o",
    "SELECT /*!50000 @tenant := 't2', */ o.* FROM orders o",
    "SELECT -1--1, @tenant := 't2' FROM orders",
    "SELECT become('t2'), o.* FROM orders o",
    "SELECT become ('t2'), o.* FROM orders o",
    "SELECT `become`('t2'), o.* FROM orders o",
    "SELECT st_become('t2'), o.* FROM orders o",
    "SELECT {name}.become('t2'), o.* FROM orders o",
    "SELECT {name} . `become` /**/ ('t2'), o.* FROM orders o",
    "SELECT {name}.left('t2'), o.* FROM orders o",
    "SELECT {name}.`left`('t2'), o.* FROM orders o",
    "SELECT word FROM orders WHERE become('t2') = 't2'",
    "SELECT everything()",
    "SELECT {name}.everything() AS word",
    "CALL switch_to('t2')",
    "CALL {name}.give(@tenant)",
    "DO @tenant := 't2'",
    "DO become('t2')",
    "PREPARE p FROM 'SET @tenant = ''t2'''",
    "EXECUTE p",
    "EXECUTE p USING @tenant",
    "EXECUTE IMMEDIATE 'SET @tenant = ''t2'''",
    "DEALLOCATE PREPARE p",
    "SET STATEMENT max_statement_time = 5 FOR SELECT @tenant := 't2'",
    "SET STATEMENT optimizer_switch = 'derived_merge=on' FOR SELECT * FROM orders",
    "BEGIN NOT ATOMIC SET @tenant = 't2'; SELECT word FROM orders; END",
    "GET DIAGNOSTICS @tenant = ROW_COUNT",
    "GET DIAGNOSTICS CONDITION 1 @tenant = MESSAGE_TEXT",
    "FETCH c INTO @tenant",
    "LOAD DATA INFILE '/nowhere' INTO TABLE products (@tenant)",
    "HANDLER {name}_far.orders OPEN",
    "SELECT 1; SET @tenant = 't2'",
    "SELECT word FROM {name}_far.orders",
    "TABLE {name}_far.orders",
    "SELECT word FROM `{name}_far`.`orders`",
    "SELECT * FROM totals WHERE tenant = 't2'",
    "SELECT * FROM orders o JOIN totals USING (tenant) WHERE o.tenant = 't2'",
    "SELECT word FROM orders WHERE tenant = 't2' OR 1 = 1",
    "SELECT word FROM orders UNION ALL SELECT word FROM totals",
    "SELECT /*+ SET_VAR(optimizer_switch = 'derived_merge=on') */ word FROM orders",
    "SELECT /*+ MERGE(orders) */ word FROM orders",
    "SELECT /*+ DERIVED_CONDITION_PUSHDOWN(orders) */ word FROM orders",
    "SELECT ST_GeomFromText(word) FROM orders",
    "SELECT EXTRACTVALUE('<a/>', CONCAT('~', word)) FROM orders",
    "SELECT UPDATEXML(1, CONCAT('~', word), 1) FROM orders WHERE word LIKE 'secret-of-t2-%'",
    "SELECT COUNT(*), CONCAT(word, FLOOR(RAND(0) * 2)) x FROM orders GROUP BY x",
    "SELECT id FROM orders WHERE word LIKE 'secret-of-t2-%' AND EXTRACTVALUE('<a/>', CONCAT('~', word))",
    "EXPLAIN SELECT * FROM orders",
    "EXPLAIN FORMAT=JSON SELECT * FROM orders",
    "EXPLAIN ANALYZE SELECT * FROM orders",
    "ANALYZE FORMAT=JSON SELECT * FROM orders",
    "DESCRIBE SELECT * FROM orders",
    "EXPLAIN FOR CONNECTION 1",
    "SHOW EXPLAIN FOR 1",
    "SHOW FULL PROCESSLIST",
    "SELECT info FROM information_schema.processlist",
    "SELECT * FROM performance_schema.events_statements_current",
    "SELECT * FROM performance_schema.user_variables_by_thread",
    "SELECT * FROM information_schema.user_variables",
    "SELECT * FROM sys.statement_analysis",
    "SELECT * FROM mysql.general_log",
    "SHOW TABLE STATUS",
    "SHOW INDEX FROM orders",
    "SHOW WARNINGS",
    "SHOW ENGINE INNODB STATUS",
    "SHOW STATUS LIKE 'Handler%'",
    "SELECT FOUND_ROWS(), ROW_COUNT(), LAST_INSERT_ID()",
    "CHECKSUM TABLE orders",
    "USE {name}_far",
    "FLUSH TABLES",
    "RESET QUERY CACHE",
    "START TRANSACTION",
    "COMMIT",
    "KILL 1",
];

const WHOSE: &str = "SELECT MIN(tenant), MAX(tenant), COUNT(*) FROM orders";

on_mysql!(no_text_shows_rows_of_somebody_else, async |server: &str| {
    let mut house = shared(server).await;
    let mut config = mapped(house.account(PRIVILEGES).await, "");
    config.pool.max_connections = 1;
    let database = open(config).await;

    for sql in ATTACKS {
        let sql = sql.replace("{name}", &house.name);
        let told = match read_as(&database, &tenant(1), &sql, vec![]).await {
            Ok(rows) => format!("{:?}", rows.rows),
            Err(failure) => serde_json::to_string(&failure).unwrap(),
        };
        for other in (0..TENANTS).filter(|other| *other != 1) {
            assert!(!told.contains(&secret(other)), "{sql}: {told}");
        }
        let next = read_as(&database, &tenant(3), WHOSE, vec![]).await.unwrap();
        assert_eq!(
            format!("{:?}", next.rows),
            r#"[[Text("t3"), Text("t3"), Int(5)]]"#,
            "{sql}"
        );
    }

    database.pool.close().await;
    house.leave().await;
});

on_mysql!(
    a_condition_is_asked_of_ones_own_rows_alone,
    async |server: &str| {
        let mut house = shared(server).await;
        let database = opened_for_tenants(&mut house).await;

        // Each fails if it meets a row of t2.
        for sql in [
            "SELECT id FROM orders WHERE (SELECT 1 UNION SELECT IF(word LIKE 'secret-of-t2-%', 2, 1))",
            "SELECT o.id FROM orders o, (SELECT 1) x WHERE (SELECT 1 UNION SELECT IF(o.tenant = 't2', 2, 1)) = 1",
            "SELECT id FROM orders WHERE id > 0 HAVING (SELECT 1 UNION SELECT IF(word LIKE 'secret-of-t2-%', 2, 1))",
            "WITH mine AS (SELECT * FROM orders) SELECT id FROM mine WHERE (SELECT 1 UNION SELECT IF(tenant = 't2', 2, 1))",
        ] {
            let mut texts = vec![sql.to_owned()];
            if sql.contains("tenant = 't2'") {
                texts.push(sql.replace("tenant = 't2'", "tenant > 't18'"));
            }
            for sql in texts {
                let rows = read_as(&database, &tenant(1), &sql, vec![]).await;
                assert_eq!(rows.unwrap().rows.len(), 5, "{sql}");
            }
        }

        database.pool.close().await;
        house.leave().await;
    }
);

on_mysql!(what_a_list_vouches_for_runs, async |server: &str| {
    let mut house = shared(server).await;
    let config = house.account(PRIVILEGES).await;
    let database = open(mapped(config, &format!("{}.tenant", house.name))).await;

    let listed = format!("SELECT {}.tenant()", house.name);
    let listed = read_as(&database, &tenant(1), &listed, vec![]).await;
    let unlisted = read_as(&database, &tenant(1), "SELECT become('t2')", vec![]).await;

    assert_eq!(format!("{:?}", listed.unwrap().rows), r#"[[Text("t1")]]"#);
    assert_eq!(unlisted.unwrap_err().kind, FailureKind::NotAllowed);
    database.pool.close().await;
    house.leave().await;
});

on_mysql!(
    nothing_is_written_where_rows_are_shown_by_who_asks,
    async |server: &str| {
        let mut house = shared(server).await;
        let mut config = mapped(house.account(PRIVILEGES).await, "");
        config.policy = Policy::READ_ONLY;
        let database = open(config).await;

        let refused = read_as(
            &database,
            &tenant(1),
            "INSERT INTO products VALUES (3, 'oil')",
            vec![],
        )
        .await;

        assert_eq!(refused.unwrap_err().kind, FailureKind::NotAllowed);
        database.pool.close().await;
        house.leave().await;
    }
);
