//! What a mistake is answered with.

use domain::FailureKind;
use support::databases::{config, open, read, unique};
use support::on_mysql;

use super::helpers::{alone, cell, run_beside, text};

on_mysql!(an_unknown_table_gets_the_nearest, async |server: &str| {
    let table = unique("customer_orders");
    run_beside(server, format!("CREATE TABLE {table} (id INT)")).await;
    let database = open(config(server)).await;

    let failure = read(
        &database,
        &format!("SELECT * FROM {}", table.replace("orders", "oders")),
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
        (FailureKind::InvalidSql, Some(1146), Some("42S02"))
    );
    assert_eq!(failure.hint.unwrap(), format!("Did you mean `{table}`?"));
    run_beside(server, format!("DROP TABLE {table}")).await;
});

on_mysql!(an_unknown_column_gets_the_nearest, async |server: &str| {
    let table = unique("people");
    run_beside(server, format!("CREATE TABLE {table} (id INT, email TEXT)")).await;
    let database = open(config(server)).await;

    let near = read(&database, &format!("SELECT p.emial FROM {table} p"), vec![])
        .await
        .unwrap_err();
    let far = read(
        &database,
        &format!("SELECT telephone FROM `{table}`"),
        vec![],
    )
    .await
    .unwrap_err();

    assert_eq!(
        (near.kind, near.native_code),
        (FailureKind::InvalidSql, Some(1054))
    );
    assert_eq!(near.hint.unwrap(), "Did you mean p.email?");
    assert_eq!(
        far.hint.unwrap(),
        format!("Known columns: `{table}`.id, `{table}`.email.")
    );
    run_beside(server, format!("DROP TABLE {table}")).await;
});

on_mysql!(a_denied_table_names_no_account, async |server: &str| {
    let mut config = config(server);
    config.user = Some("portolan_reader".to_owned());
    let database = open(config).await;

    let failure = read(&database, "SELECT * FROM mysql.user", vec![])
        .await
        .unwrap_err();

    assert_eq!(
        (failure.kind, failure.native_code),
        (FailureKind::NotAllowed, Some(1142))
    );
    assert!(!failure.message.contains("reader"), "{failure}");
    assert!(
        failure.message.contains("SELECT command denied"),
        "{failure}"
    );
});

#[tokio::test]
async fn a_vector_is_refused_by_name_and_harms_nothing() {
    let server = "mysql_9";
    if !support::databases::asked_for(server) {
        return;
    }
    let table = unique("vectors");
    run_beside(
        server,
        format!(
            "CREATE TABLE {table} (v VECTOR(2)); INSERT INTO {table} VALUES (TO_VECTOR('[1,2]'))"
        ),
    )
    .await;
    let database = open(alone(config(server))).await;

    let failure = read(&database, &format!("SELECT v FROM {table}"), vec![])
        .await
        .unwrap_err();
    let readable = cell(
        &database,
        &format!("SELECT FROM_VECTOR(v) FROM {table}"),
        vec![],
    )
    .await;

    assert_eq!(failure.kind, FailureKind::Unsupported);
    assert!(
        failure.message.ends_with(&format!("{table}.v.")),
        "{failure}"
    );
    assert!(failure.hint.unwrap().contains("VECTOR_TO_STRING"));
    assert_eq!(readable, text("[1.00000e+00,2.00000e+00]"));
    run_beside(server, format!("DROP TABLE {table}")).await;
}

on_mysql!(
    more_columns_than_can_be_counted_are_too_large,
    async |server: &str| {
        let database = open(alone(config(server))).await;

        for count in [65_536, 70_000] {
            let sql = format!("SELECT {}", vec!["1"; count].join(","));
            let failure = read(&database, &sql, vec![]).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::TooLarge, "{count}");
            assert_eq!(cell(&database, "SELECT 'on'", vec![]).await, text("on"));
        }
    }
);
