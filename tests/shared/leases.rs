//! Places of calls in the store: kept while their process lives, and free some time after it is gone.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use adapters::outbound::{LimitOptions, Quotas, SharedLimits, SharedStore, StoreTls};
use domain::calls::{CallLimits as _, Caller};
use support::{shared::Redis, waiting::until};

const PLACES: &str = "{portolan}:total:places";

/// As a process has them that lets one call run at a time, of all callers.
fn limits(redis: &Redis, lease: Duration) -> SharedLimits {
    let store = SharedStore::new(&redis.url(), StoreTls::default()).unwrap();
    let options = LimitOptions {
        total: Quotas {
            calls_in_flight: NonZeroU32::new(1),
            ..Quotas::default()
        },
        ..LimitOptions::default()
    };
    SharedLimits::new(Arc::new(store), options, lease)
}

/// When the leases of all places end, by the store's clock.
async fn ends(redis: &Redis) -> Vec<String> {
    let told = redis
        .ask(&["ZRANGE", PLACES, "0", "-1", "WITHSCORES"])
        .await;
    told.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_lease_of_a_call_that_takes_long_is_renewed() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    // GIVEN a call that has begun
    let limits = limits(&redis, Duration::from_secs(9));
    let place = limits.enter(&Caller::local()).await.unwrap();
    let first = ends(&redis).await;
    assert_eq!(first.len(), 2);

    // WHEN a third of its lease is over, THEN it ends later
    until("the lease is renewed", async || {
        let now = ends(&redis).await;
        now.len() == 2 && now[0] == first[0] && now[1] > first[1]
    })
    .await;
    drop(place);
    until("the place is free", async || ends(&redis).await.is_empty()).await;
}

#[tokio::test]
async fn the_place_of_a_call_whose_process_is_gone_is_free_after_its_lease() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    // GIVEN a call whose process ends without a word
    let gone = limits(&redis, Duration::from_secs(3));
    std::mem::forget(gone.enter(&Caller::local()).await.unwrap());
    drop(gone);
    let other = limits(&redis, Duration::from_secs(3));
    assert_eq!(ends(&redis).await.len(), 2);

    // WHEN somebody else calls, THEN there is a place for them in the end
    until("the place is free", async || {
        other.enter(&Caller::local()).await.is_ok()
    })
    .await;
}
