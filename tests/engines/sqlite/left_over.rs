//! What one call does, and the next one is not told.

use support::{
    databases::{open, read, writable, write},
    scratch::Scratch,
};

use super::helpers::shop;

#[tokio::test]
async fn what_was_written_is_not_told_to_the_next_call() {
    let scratch = Scratch::new();
    let database = open(writable(shop(&scratch).await)).await;
    let look = "SELECT changes(), total_changes(), last_insert_rowid()";
    let before = read(&database, look, vec![]).await.unwrap().rows;

    for sql in [
        "INSERT INTO customers (id, email) VALUES (77, 'c'), (78, 'd')",
        "UPDATE customers SET name = 'x'",
        "DELETE FROM customers WHERE id = 77",
    ] {
        write(&database, sql, vec![]).await.unwrap();
        for _ in 0..2 {
            let read = read(&database, look, vec![]).await.unwrap().rows;
            assert_eq!(read, before, "{sql}");
        }
        let (written, _) = write(&database, look, vec![]).await.unwrap();
        assert_eq!(written.rows, before, "{sql}");
    }
}
