//! What the process could do to a file beyond reading it.

use domain::connection::{Address, Finding, FindingKind, Policy};
use support::{databases::open, scratch::Scratch};

use super::helpers::{config, shop};

#[tokio::test]
async fn a_file_that_the_process_may_write_to_is_told_and_counts_as_read() {
    let scratch = Scratch::new();

    let database = open(shop(&scratch).await).await;

    let told = |what: &str| Finding::new(FindingKind::WritableFile, false, what);
    assert_eq!(
        database.posture.findings(),
        [
            told("The operating system lets this process write to the file."),
            told("The operating system lets this process write to the file's folder."),
        ]
    );
    assert!(database.posture.must_only_read(Policy::READ_ONLY).is_ok());
}

#[tokio::test]
async fn there_is_nothing_to_grant() {
    let scratch = Scratch::new();

    let database = open(shop(&scratch).await).await;

    assert_eq!(database.posture.remedy(), None);
}

#[tokio::test]
async fn a_database_in_memory_has_no_findings() {
    let scratch = Scratch::new();
    let mut config = config(&scratch.path("unused.db"));
    config.address = Address::Memory;

    let database = open(config).await;

    assert!(database.posture.is_least_privilege());
}
