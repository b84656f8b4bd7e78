use std::sync::atomic::{AtomicU32, Ordering};

use domain::schema::{Namespace, Relation, RelationKind, port::MockCatalog};

use super::*;

/// A catalog whose fingerprint is what `word` says, and that must be read exactly `reads` times.
fn catalog(word: Arc<AtomicU32>, reads: usize) -> MockCatalog {
    let mut catalog = MockCatalog::new();
    catalog.expect_outline().returning(|_| Ok(None));
    catalog
        .expect_fingerprint()
        .returning(move |_| Ok(Some(word.load(Ordering::Relaxed).to_string())));
    catalog
        .expect_read()
        .times(reads)
        .returning(|_| Ok(Snapshot::default()));
    catalog
}

async fn later(by: Duration) {
    tokio::time::advance(by).await;
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_schema_is_read_once() {
    let catalog = catalog(Arc::default(), 1);
    let cache = CatalogCache::default();

    for _ in 0..3 {
        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
        later(TRUSTED_FOR * 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_just_looked_at_is_not_asked_for_again() {
    let mut catalog = MockCatalog::new();
    catalog.expect_outline().returning(|_| Ok(None));
    catalog
        .expect_fingerprint()
        .times(1)
        .returning(|_| Ok(None));
    catalog
        .expect_read()
        .times(1)
        .returning(|_| Ok(Snapshot::default()));
    let cache = CatalogCache::default();

    for _ in 0..3 {
        cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_schema_is_read_again() {
    // GIVEN a schema that was read
    let word = Arc::new(AtomicU32::new(1));
    let catalog = catalog(Arc::clone(&word), 2);
    let cache = CatalogCache::default();
    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();

    // WHEN it changes
    word.store(2, Ordering::Relaxed);
    later(TRUSTED_FOR).await;

    // THEN the next caller reads it again, as the catalog's expectation says
    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_engine_without_fingerprints_is_read_again() {
    let mut catalog = MockCatalog::new();
    catalog.expect_outline().returning(|_| Ok(None));
    catalog.expect_fingerprint().returning(|_| Ok(None));
    catalog
        .expect_read()
        .times(2)
        .returning(|_| Ok(Snapshot::default()));
    let cache = CatalogCache::default();

    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
    later(TRUSTED_FOR).await;
    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_old_schema_is_read_again_whatever_its_fingerprint() {
    let catalog = catalog(Arc::default(), 2);
    let cache = CatalogCache::default();

    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
    later(KEPT_FOR).await;
    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_schema_that_was_changed_here_is_read_again_at_once() {
    let catalog = catalog(Arc::default(), 2);
    let cache = CatalogCache::default();

    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
    cache.outdate();
    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_words_of_a_schema_are_taken_apart_once() {
    let word = Arc::new(AtomicU32::new(1));
    let catalog = catalog(Arc::clone(&word), 2);
    let cache = CatalogCache::default();
    let index = async || {
        let searchable = cache.searchable(&catalog, &Cancel::new()).await;
        searchable.unwrap().index
    };

    let (first, second) = (index().await, index().await);
    word.store(2, Ordering::Relaxed);
    later(TRUSTED_FOR).await;
    let third = index().await;

    assert!(Arc::ptr_eq(&first, &second));
    assert!(!Arc::ptr_eq(&first, &third));
}

#[tokio::test(start_paused = true)]
async fn a_schema_that_is_doubted_is_compared_at_once() {
    // GIVEN a schema that was just read, and has changed since
    let word = Arc::new(AtomicU32::new(1));
    let catalog = catalog(Arc::clone(&word), 2);
    let cache = CatalogCache::default();
    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
    word.store(2, Ordering::Relaxed);

    // WHEN something speaks against it
    cache.doubt();

    // THEN it is read again, once
    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_was_read_while_the_schema_was_changed_is_not_kept() {
    // GIVEN a change that comes while the schema is being read
    let cache = Arc::new(CatalogCache::default());
    let mut catalog = MockCatalog::new();
    catalog.expect_outline().returning(|_| Ok(None));
    catalog.expect_fingerprint().returning(|_| Ok(None));
    let changed = Arc::clone(&cache);
    catalog.expect_read().times(2).returning(move |_| {
        changed.outdate();
        Ok(Snapshot::default())
    });

    // WHEN it is wanted twice, THEN it is read twice
    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
}

/// A schema of so many tables.
fn of(tables: usize) -> Snapshot {
    let table = Relation {
        schema: "shop".into(),
        name: "orders".into(),
        kind: RelationKind::Table,
        comment: None,
        estimated_rows: None,
        partitions: 0,
        columns: Vec::new(),
        keys: Vec::new(),
    };
    Snapshot {
        relations: vec![table; tables],
        ..Snapshot::default()
    }
}

/// As [`catalog`], of an engine that tells an outline of so many tables first; the whole has a schema besides.
fn outlining(
    tables: usize,
    word: Arc<AtomicU32>,
    outlines: usize,
    completions: usize,
) -> MockCatalog {
    let mut catalog = MockCatalog::new();
    catalog
        .expect_fingerprint()
        .returning(move |_| Ok(Some(word.load(Ordering::Relaxed).to_string())));
    catalog
        .expect_outline()
        .times(outlines)
        .returning(move |_| Ok(Some(of(tables))));
    catalog
        .expect_complete()
        .times(completions)
        .returning(|outline, _| {
            Ok(Snapshot {
                schemas: vec![Namespace {
                    name: "shop".into(),
                    comment: None,
                }],
                ..outline
            })
        });
    catalog
}

#[tokio::test(start_paused = true)]
async fn of_a_large_schema_the_outline_is_enough_for_whoever_can_do_with_it() {
    let catalog = outlining(MANY + 1, Arc::default(), 1, 0);
    let cache = CatalogCache::default();

    for _ in 0..3 {
        let known = cache.known(&catalog, &Cancel::new()).await.unwrap();
        assert!(known.is_outline);
        assert_eq!(known.snapshot.relations.len(), MANY + 1);
        later(TRUSTED_FOR).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_small_schema_is_told_whole_at_once() {
    let catalog = outlining(MANY, Arc::default(), 1, 1);
    let cache = CatalogCache::default();

    let known = cache.known(&catalog, &Cancel::new()).await.unwrap();

    assert!(!known.is_outline);
    assert_eq!(known.snapshot.schemas.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_outline_is_read_on_and_not_again() {
    let catalog = outlining(MANY + 1, Arc::default(), 1, 1);
    let cache = CatalogCache::default();
    cache.known(&catalog, &Cancel::new()).await.unwrap();

    let whole = cache.snapshot(&catalog, &Cancel::new()).await.unwrap();
    let known = cache.known(&catalog, &Cancel::new()).await.unwrap();

    assert_eq!(whole.schemas.len(), 1);
    assert!(Arc::ptr_eq(&whole, &known.snapshot));
    assert!(!known.is_outline);
}

#[tokio::test(start_paused = true)]
async fn two_that_want_the_rest_of_an_outline_read_it_once() {
    let catalog = outlining(MANY + 1, Arc::default(), 1, 1);
    let cache = CatalogCache::default();
    let cancel = Cancel::new();

    let (one, other) = tokio::join!(
        cache.snapshot(&catalog, &cancel),
        cache.snapshot(&catalog, &cancel)
    );

    assert!(Arc::ptr_eq(&one.unwrap(), &other.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn an_outline_of_a_changed_schema_is_read_again() {
    // GIVEN an outline
    let word = Arc::new(AtomicU32::new(1));
    let catalog = outlining(MANY + 1, Arc::clone(&word), 2, 0);
    let cache = CatalogCache::default();
    cache.known(&catalog, &Cancel::new()).await.unwrap();

    // WHEN the schema changes, and something speaks against the outline
    word.store(2, Ordering::Relaxed);
    cache.doubt();

    // THEN it is read again, once
    cache.known(&catalog, &Cancel::new()).await.unwrap();
    cache.known(&catalog, &Cancel::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_outline_of_a_schema_that_was_changed_here_is_forgotten() {
    let catalog = outlining(MANY + 1, Arc::default(), 2, 0);
    let cache = CatalogCache::default();

    cache.known(&catalog, &Cancel::new()).await.unwrap();
    cache.outdate();
    assert!(cache.is_unknown());
    cache.known(&catalog, &Cancel::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_schema_that_was_changed_meanwhile_is_not_kept() {
    // GIVEN a change that comes while the rest is being read
    let cache = Arc::new(CatalogCache::default());
    let mut catalog = MockCatalog::new();
    let changed = Arc::clone(&cache);
    catalog
        .expect_fingerprint()
        .returning(|_| Ok(Some("same".to_owned())));
    catalog
        .expect_outline()
        .returning(|_| Ok(Some(of(MANY + 1))));
    catalog.expect_complete().returning(move |outline, _| {
        changed.outdate();
        Ok(outline)
    });

    // WHEN it is wanted
    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();

    // THEN nothing is known afterwards
    assert!(cache.is_unknown());
}

/// A catalog whose fingerprint is what `word` says, and whose names must be asked for exactly so often.
fn naming(word: Arc<AtomicU32>, asked: usize) -> MockCatalog {
    let mut catalog = MockCatalog::new();
    catalog
        .expect_fingerprint()
        .returning(move |_| Ok(Some(word.load(Ordering::Relaxed).to_string())));
    catalog
        .expect_names()
        .times(asked)
        .returning(|_| Ok(Some(of(1))));
    catalog
}

async fn names(cache: &CatalogCache, catalog: &MockCatalog) -> Searchable {
    let names = cache.names(catalog, &Cancel::new()).await.unwrap();
    names.unwrap()
}

#[tokio::test(start_paused = true)]
async fn names_that_were_read_ahead_are_told_while_they_hold() {
    let catalog = naming(Arc::default(), 1);
    let cache = CatalogCache::default();
    cache.read_names(&catalog, &Cancel::new()).await.unwrap();

    let first = names(&cache, &catalog).await;
    later(TRUSTED_FOR * 2).await;
    let second = names(&cache, &catalog).await;

    assert_eq!(first.snapshot.relations.len(), 1);
    assert!(Arc::ptr_eq(&first.index, &second.index));
}

#[tokio::test(start_paused = true)]
async fn names_just_read_ahead_are_told_without_a_question() {
    // GIVEN names that were read ahead, the schema's fingerprint with them
    let mut catalog = MockCatalog::new();
    catalog
        .expect_fingerprint()
        .times(1)
        .returning(|_| Ok(Some("same".to_owned())));
    catalog
        .expect_names()
        .times(1)
        .returning(|_| Ok(Some(of(1))));
    let cache = CatalogCache::default();
    cache.read_names(&catalog, &Cancel::new()).await.unwrap();

    // WHEN they are wanted, THEN nothing is asked again
    names(&cache, &catalog).await;
}

#[tokio::test(start_paused = true)]
async fn names_of_a_schema_that_has_changed_are_asked_for_again() {
    let word = Arc::new(AtomicU32::new(1));
    let catalog = naming(Arc::clone(&word), 2);
    let cache = CatalogCache::default();
    cache.read_names(&catalog, &Cancel::new()).await.unwrap();

    word.store(2, Ordering::Relaxed);
    later(TRUSTED_FOR).await;

    names(&cache, &catalog).await;
}

#[tokio::test(start_paused = true)]
async fn doubted_names_are_compared_at_once() {
    let word = Arc::new(AtomicU32::new(1));
    let catalog = naming(Arc::clone(&word), 2);
    let cache = CatalogCache::default();
    cache.read_names(&catalog, &Cancel::new()).await.unwrap();

    word.store(2, Ordering::Relaxed);
    cache.doubt();

    names(&cache, &catalog).await;
}

#[tokio::test(start_paused = true)]
async fn names_of_a_schema_that_was_changed_here_are_asked_for_again() {
    let catalog = naming(Arc::default(), 2);
    let cache = CatalogCache::default();
    cache.read_names(&catalog, &Cancel::new()).await.unwrap();

    cache.outdate();

    names(&cache, &catalog).await;
}

#[tokio::test(start_paused = true)]
async fn names_that_were_read_while_the_schema_was_changed_are_not_kept() {
    // GIVEN a change that comes while the names are being read
    let cache = Arc::new(CatalogCache::default());
    let mut catalog = MockCatalog::new();
    let changed = Arc::clone(&cache);
    catalog.expect_fingerprint().returning(|_| Ok(None));
    catalog.expect_names().times(2).returning(move |_| {
        changed.outdate();
        Ok(Some(of(1)))
    });

    // WHEN they are wanted, THEN they are asked for again
    cache.read_names(&catalog, &Cancel::new()).await.unwrap();
    names(&cache, &catalog).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_names_that_are_being_read_has_them() {
    let catalog = naming(Arc::default(), 1);
    let cache = CatalogCache::default();
    let cancel = Cancel::new();

    let (read, told) = tokio::join!(
        cache.read_names(&catalog, &cancel),
        cache.names(&catalog, &cancel)
    );

    read.unwrap();
    assert_eq!(told.unwrap().unwrap().snapshot.relations.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn names_are_dropped_once_the_whole_schema_is_known() {
    let mut catalog = catalog(Arc::default(), 1);
    catalog.expect_names().returning(|_| Ok(Some(of(1))));
    let cache = CatalogCache::default();
    cache.read_names(&catalog, &Cancel::new()).await.unwrap();
    assert!(lock(&cache.named).is_some());

    cache.snapshot(&catalog, &Cancel::new()).await.unwrap();

    assert!(lock(&cache.named).is_none());
}
