//! Writes: kept as a whole, or not at all.

use domain::{
    Cancel, FailureKind,
    cancel::CancelReason,
    query::{QueryLimits, Statement},
};
use serde_json::json;
use support::{
    databases::{config, open, unique, writable, write},
    on_mysql,
    rows::{Owned, Rows},
    waiting::until,
};

use super::helpers::{TEN, beside, cell, number, run_beside, running};

on_mysql!(a_write_is_committed_and_counted, async |server: &str| {
    let table = unique("written");
    run_beside(
        server,
        format!("CREATE TABLE {table} (id INT PRIMARY KEY AUTO_INCREMENT, a INT)"),
    )
    .await;
    let database = open(writable(config(server))).await;

    let (_, inserted) = write(
        &database,
        &format!("INSERT INTO {table} (a) VALUES (?), (?)"),
        vec![json!(1), json!(2)],
    )
    .await
    .unwrap();
    let (_, updated) = write(
        &database,
        &format!("UPDATE {table} SET a = 3 WHERE a = 2"),
        vec![],
    )
    .await
    .unwrap();

    assert_eq!(
        (inserted.affected_rows, inserted.insert_id),
        (Some(2), Some(1))
    );
    assert_eq!((updated.affected_rows, updated.insert_id), (Some(1), None));
    let mut beside = beside(server).await;
    assert_eq!(
        number(
            &mut beside,
            format!("SELECT CAST(SUM(a) AS SIGNED) FROM {table}")
        )
        .await,
        4
    );
    run_beside(server, format!("DROP TABLE {table}")).await;
});

on_mysql!(a_failed_write_leaves_nothing, async |server: &str| {
    let table = unique("failed");
    run_beside(
        server,
        format!("CREATE TABLE {table} (id INT PRIMARY KEY); INSERT INTO {table} VALUES (2)"),
    )
    .await;
    let database = open(writable(config(server))).await;

    let failure = write(
        &database,
        &format!("INSERT INTO {table} VALUES (1), (2)"),
        vec![],
    )
    .await
    .unwrap_err();

    assert_eq!(
        (
            failure.kind,
            failure.native_code,
            failure.sqlstate.as_deref()
        ),
        (FailureKind::InvalidSql, Some(1062), Some("23000"))
    );
    assert_eq!(
        cell(&database, &format!("SELECT COUNT(*) FROM {table}"), vec![]).await,
        Owned::Int(1)
    );
    run_beside(server, format!("DROP TABLE {table}")).await;
});

on_mysql!(ddl_says_that_it_committed, async |server: &str| {
    let table = unique("ddl");
    let database = open(writable(config(server))).await;

    let (rows, outcome) = write(&database, &format!("CREATE TABLE {table} (id INT)"), vec![])
        .await
        .unwrap();

    assert_eq!(rows.columns, []);
    assert_eq!(outcome.affected_rows, None);
    assert_eq!(
        outcome.notices,
        [format!("{} committed implicitly.", database.server.product)]
    );
    run_beside(server, format!("DROP TABLE {table}")).await;
});

on_mysql!(warnings_of_a_write_are_notices, async |server: &str| {
    let table = unique("warned");
    run_beside(
        server,
        format!("CREATE TABLE {table} (id INT PRIMARY KEY); INSERT INTO {table} VALUES (1)"),
    )
    .await;
    let database = open(writable(config(server))).await;

    let (_, outcome) = write(
        &database,
        &format!("INSERT IGNORE INTO {table} VALUES (1)"),
        vec![],
    )
    .await
    .unwrap();

    assert_eq!(outcome.affected_rows, Some(0));
    assert_eq!(outcome.notices.len(), 1);
    assert!(
        outcome.notices[0].starts_with("Warning 1062: Duplicate entry '1'"),
        "{outcome:?}"
    );
    run_beside(server, format!("DROP TABLE {table}")).await;
});

on_mysql!(
    a_procedure_that_commits_is_reported,
    async |server: &str| {
        let name = unique("commits");
        run_beside(server, format!("CREATE PROCEDURE {name}() COMMIT")).await;
        let database = open(writable(config(server))).await;

        let failure = write(&database, &format!("CALL {name}()"), vec![])
            .await
            .unwrap_err();

        assert_eq!(failure.kind, FailureKind::NotAllowed);
        run_beside(server, format!("DROP PROCEDURE {name}")).await;
    }
);

on_mysql!(
    a_procedure_with_two_results_says_so,
    async |server: &str| {
        let name = unique("two_results");
        run_beside(
            server,
            format!("CREATE PROCEDURE {name}() BEGIN SELECT 1 AS a; SELECT 2 AS b, 3 AS c; END"),
        )
        .await;
        let database = open(writable(config(server))).await;

        let (rows, outcome) = write(&database, &format!("CALL {name}()"), vec![])
            .await
            .unwrap();

        assert_eq!(rows.rows, [[Owned::Int(1)]]);
        assert_eq!(
            outcome.notices,
            ["The statement returned more than one result; only the first is shown."]
        );
        run_beside(server, format!("DROP PROCEDURE {name}")).await;
    }
);

#[tokio::test]
async fn rows_returned_by_a_write_are_counted_and_all_written() {
    let server = "mariadb_10_11";
    if !support::databases::asked_for(server) {
        return;
    }
    let table = unique("returning");
    run_beside(server, format!("CREATE TABLE {table} (id INT)")).await;
    let database = open(writable(config(server))).await;
    let statement = Statement::new(
        format!("INSERT INTO {table} SELECT a.n FROM {TEN} a, {TEN} b RETURNING id"),
        vec![],
    )
    .unwrap();
    let mut rows = Rows::up_to(3);
    let limits = QueryLimits {
        rows: 3,
        ..QueryLimits::default()
    };

    let outcome = database
        .query_runner
        .run_write(&statement, &limits, &mut rows, &Cancel::new())
        .await
        .unwrap();

    assert_eq!(
        (rows.rows.len(), rows.cut, outcome.affected_rows),
        (3, true, Some(100))
    );
    assert_eq!(
        cell(&database, &format!("SELECT COUNT(*) FROM {table}"), vec![]).await,
        Owned::Int(100)
    );
    run_beside(server, format!("DROP TABLE {table}")).await;
}

on_mysql!(a_cancelled_write_is_rolled_back, async |server: &str| {
    let table = unique("cancelled");
    run_beside(server, format!("CREATE TABLE {table} (id INT)")).await;
    let database = open(writable(config(server))).await;
    let cancel = Cancel::new();
    let statement = Statement::new(
        format!("INSERT INTO {table} SELECT SLEEP(1) FROM {TEN} t"),
        vec![],
    )
    .unwrap();
    let mut rows = Rows::up_to(1);
    let mut beside = beside(server).await;

    let limits = QueryLimits::default();
    let write = database
        .query_runner
        .run_write(&statement, &limits, &mut rows, &cancel);
    let (result, ()) = tokio::join!(write, async {
        until("the insert to run", async || {
            running(&mut beside, &format!("INSERT INTO {table}")).await == 1
        })
        .await;
        cancel.fire(CancelReason::Client);
    });

    assert_eq!(result.unwrap_err().kind, FailureKind::Cancelled);
    until("the insert to end", async || {
        running(&mut beside, &format!("INSERT INTO {table}")).await == 0
    })
    .await;
    assert_eq!(
        number(&mut beside, format!("SELECT COUNT(*) FROM {table}")).await,
        0
    );
    run_beside(server, format!("DROP TABLE {table}")).await;
});
