//! What a caller changes is its own too.

use domain::{
    Failure,
    connection::{Database, Policy},
};
use support::{databases::open, on_postgres, rows::Owned};

use super::{BY_SETTING, House, read_as, tenant, write_as};

async fn writable(house: &House) -> Database {
    let mut config = house.config(BY_SETTING, "");
    config.policy = Policy::READ_WRITE;
    open(config).await
}

fn affected(result: Result<(support::rows::Rows, domain::query::Outcome), Failure>) -> Option<u64> {
    result.unwrap().1.affected_rows
}

on_postgres!(a_caller_changes_its_own_rows_alone, async |server: &str| {
    let house = House::new(server).await;
    let database = writable(&house).await;
    let one = tenant(1);

    let updated = write_as(&database, &one, "UPDATE orders SET total = -1").await;
    let deleted = write_as(&database, &one, "DELETE FROM orders WHERE id IN (101, 201)").await;
    let inserted = write_as(
        &database,
        &one,
        "INSERT INTO orders VALUES (9001, 't1', 'c', 1, 'w')",
    )
    .await;
    let sql = "SELECT count(*), min(total) FROM orders";
    let others = read_as(&database, &tenant(2), sql, vec![]).await;

    assert_eq!(affected(updated), Some(5));
    assert_eq!(affected(deleted), Some(1));
    assert_eq!(affected(inserted), Some(1));
    let number = |text: &str| Owned::Number(text.to_owned());
    let others = others.unwrap().rows;
    assert_eq!(others[0][0], number("5"));
    assert_ne!(others[0][1], Owned::Text("-1".to_owned()));
    database.pool.close().await;
    house.drop().await;
});

on_postgres!(
    nobody_writes_a_row_of_somebody_else,
    async |server: &str| {
        let house = House::new(server).await;
        let database = writable(&house).await;

        for sql in [
            "INSERT INTO orders VALUES (9002, 't2', 'c', 1, 'w')",
            "UPDATE orders SET tenant = 't2'",
            "INSERT INTO orders SELECT id + 10000, 't2', customer, total, word || 'x' FROM orders",
        ] {
            let failure = write_as(&database, &tenant(1), sql).await.unwrap_err();
            assert_eq!(failure.sqlstate.as_deref(), Some("42501"), "{sql}");
        }

        database.pool.close().await;
        house.drop().await;
    }
);

on_postgres!(
    a_row_of_somebody_else_is_not_told_by_the_failure_over_it,
    async |server: &str| {
        let house = House::new(server).await;
        let database = writable(&house).await;
        let sql = "INSERT INTO orders VALUES (201, 't1', 'c', 1, 'w')";

        let failure = write_as(&database, &tenant(1), sql).await.unwrap_err();

        assert_eq!(failure.sqlstate.as_deref(), Some("23505"));
        assert_eq!(failure.detail, None);
        database.pool.close().await;
        house.drop().await;
    }
);
