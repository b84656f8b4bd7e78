//! Writes: kept as a whole, or not at all.

use domain::{
    Cancel, FailureKind,
    query::{QueryLimits, Statement},
};
use serde_json::json;
use support::{
    databases::{config, open, unique, writable, write},
    on_postgres,
    rows::Rows,
};

use super::helpers::{number, one};

on_postgres!(a_write_is_committed_and_counted, async |server: &str| {
    let database = open(writable(config(server))).await;
    let table = unique("written");
    let create = format!("CREATE TABLE {table} (a int PRIMARY KEY, m int4multirange)");
    let created = write(&database, &create, vec![]);
    assert_eq!(created.await.unwrap().1.affected_rows, None);

    let insert =
        format!("INSERT INTO {table} SELECT n FROM generate_series(1, $1) AS n RETURNING a");
    let (rows, outcome) = write(&database, &insert, vec![json!(3)]).await.unwrap();
    assert_eq!(outcome.affected_rows, Some(3));
    assert_eq!(rows.rows, [[number("1")], [number("2")], [number("3")]]);

    let failure = write(&database, &insert, vec![json!(1)]).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.sqlstate.as_deref()),
        (FailureKind::InvalidSql, Some("23505"))
    );
    assert!(failure.detail.unwrap().contains("already exists"));

    let update = format!("UPDATE {table} SET m = '{{[1,2)}}' WHERE a > 1 RETURNING m");
    let (rows, outcome) = write(&database, &update, vec![]).await.unwrap();
    assert_eq!(outcome.affected_rows, Some(2));
    assert_eq!(rows.columns[0].type_name, "int4multirange");
    let (_, outcome) = write(
        &database,
        &format!("DELETE FROM {table} WHERE a = 9"),
        vec![],
    )
    .await
    .unwrap();
    assert_eq!(outcome.affected_rows, Some(0));
    assert_eq!(
        one(&database, &format!("SELECT count(*) FROM {table}")).await,
        number("3")
    );
    write(&database, &format!("DROP TABLE {table}"), vec![])
        .await
        .unwrap();
});

on_postgres!(
    a_write_runs_to_its_end_whatever_the_row_limit,
    async |server: &str| {
        let database = open(writable(config(server))).await;
        let table = unique("limited");
        write(&database, &format!("CREATE TABLE {table} (a int)"), vec![])
            .await
            .unwrap();
        let sql = format!("INSERT INTO {table} SELECT generate_series(1, 1000) RETURNING a");
        let statement = Statement::new(sql, vec![]).unwrap();
        let mut rows = Rows::up_to(2);

        let outcome = database
            .query_runner
            .run_write(
                &statement,
                &QueryLimits::default(),
                &mut rows,
                &Cancel::new(),
            )
            .await
            .unwrap();

        assert_eq!(
            (rows.rows.len(), rows.cut, outcome.affected_rows),
            (2, true, Some(1000))
        );
        assert_eq!(
            one(&database, &format!("SELECT count(*) FROM {table}")).await,
            number("1000")
        );
        write(&database, &format!("DROP TABLE {table}"), vec![])
            .await
            .unwrap();
    }
);

on_postgres!(
    a_constraint_checked_at_commit_fails_the_write,
    async |server: &str| {
        let database = open(writable(config(server))).await;
        let table = unique("deferred");
        let create = format!("CREATE TABLE {table} (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
        write(&database, &create, vec![]).await.unwrap();

        let failure = write(
            &database,
            &format!("INSERT INTO {table} VALUES (1), (1)"),
            vec![],
        )
        .await
        .unwrap_err();

        assert_eq!(
            (failure.kind, failure.sqlstate.as_deref()),
            (FailureKind::InvalidSql, Some("23505"))
        );
        assert_eq!(
            one(&database, &format!("SELECT count(*) FROM {table}")).await,
            number("0")
        );
        write(&database, &format!("DROP TABLE {table}"), vec![])
            .await
            .unwrap();
    }
);

on_postgres!(
    a_write_that_ends_its_transaction_is_told_so,
    async |server: &str| {
        let database = open(writable(config(server))).await;

        for sql in ["COMMIT", "ROLLBACK", "RELEASE SAVEPOINT portolan"] {
            let failure = write(&database, sql, vec![]).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::NotAllowed, "{sql}: {failure:?}");
        }
        assert_eq!(one(&database, "SELECT 1").await, number("1"));
    }
);
