//! Files that the operator's configuration attaches.

use domain::{
    FailureKind,
    connection::{Attached, ConnectionConfig},
};
use support::{
    databases::{open, read, try_open, writable, write},
    scratch::{Scratch, run_beside},
};

use super::helpers::{folder_of, number, refused, shop};

async fn with_archive(scratch: &Scratch) -> ConnectionConfig {
    let mut config = shop(scratch).await;
    let path = scratch.path("archive.db");
    run_beside(&path, "CREATE TABLE old (n); INSERT INTO old VALUES (7)").await;
    config.attached = vec![Attached {
        name: "archive".to_owned(),
        path,
    }];
    config
}

#[tokio::test]
async fn its_tables_are_read_beside_the_others() {
    let scratch = Scratch::new();
    let database = open(with_archive(&scratch).await).await;

    let sum = number(
        &database,
        "SELECT max(id) + (SELECT n FROM archive.old) FROM customers",
    )
    .await;

    assert_eq!(sum, 9);
}

#[tokio::test]
async fn it_is_read_only_where_the_connection_is() {
    let scratch = Scratch::new();
    let database = open(with_archive(&scratch).await).await;

    let failure = refused(&database, "DELETE FROM archive.old").await;

    assert_eq!(failure.kind, FailureKind::NotAllowed, "{failure:?}");
    assert_eq!(number(&database, "SELECT count(*) FROM old").await, 1);
}

#[tokio::test]
async fn it_is_written_where_the_connection_may_write() {
    let scratch = Scratch::new();
    let database = open(writable(with_archive(&scratch).await)).await;

    write(
        &database,
        "INSERT INTO archive.old SELECT id FROM customers",
        vec![],
    )
    .await
    .unwrap();

    assert_eq!(number(&database, "SELECT count(*) FROM old").await, 3);
}

#[tokio::test]
async fn no_statement_attaches_another_or_lets_go_of_it() {
    let scratch = Scratch::new();
    let database = open(writable(with_archive(&scratch).await)).await;
    let other = scratch.path("other.db");
    run_beside(&other, "CREATE TABLE t (n)").await;

    for sql in [
        format!("ATTACH '{}' AS other", other.display()),
        "DETACH archive".to_owned(),
    ] {
        let failure = write(&database, &sql, vec![]).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::NotAllowed, "{sql}: {failure:?}");
        let failure = database
            .config
            .policy
            .admit(&sql, &*database.dialect)
            .unwrap_err();
        assert_eq!(failure.kind, FailureKind::NotAllowed, "{sql}: {failure:?}");
    }

    assert_eq!(number(&database, "SELECT n FROM archive.old").await, 7);
}

#[tokio::test]
async fn what_another_program_changes_in_it_is_seen() {
    let scratch = Scratch::new();
    let database = open(with_archive(&scratch).await).await;
    let columns = async || {
        let rows = read(&database, "SELECT * FROM archive.old", vec![]).await;
        rows.unwrap().columns.len()
    };
    assert_eq!(columns().await, 1);

    let archive = scratch.path("archive.db");
    run_beside(&archive, "ALTER TABLE old ADD COLUMN m").await;

    assert_eq!(columns().await, 2);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_made() {
    for config in [|config| config, writable] {
        let scratch = Scratch::new();
        let mut config = config(shop(&scratch).await);
        config.attached = vec![Attached {
            name: "archive".to_owned(),
            path: scratch.path("nowhere.db"),
        }];

        let failure = try_open(config).await.unwrap_err();

        assert_eq!(failure.kind, FailureKind::Unavailable);
        assert_eq!(
            failure.message,
            "The database file `nowhere.db` does not exist."
        );
        assert_eq!(folder_of(&scratch.path("shop.db")), ["shop.db"]);
    }
}
