//! Cancels that come when the statement is about to end.

use std::time::Duration;

use domain::{Cancel, FailureKind, cancel::CancelReason, query::Statement};
use serde_json::json;
use support::{on_every_engine, subject::Subject};

use super::helpers::{in_background, rows, within};

on_every_engine!(
    a_late_cancel_never_hits_the_next_statement,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;
        let mut ends = [0, 0];
        for round in 0..30_u64 {
            let cancel = Cancel::new();
            let statement = Statement::new(format!("SELECT {round}"), vec![]).unwrap();
            let limits = within(Duration::from_secs(10));
            let call = in_background(&database, statement, limits, &cancel);
            // From before it is sent to after it is answered, on databases near and far.
            if round % 2 == 0 {
                for _ in 0..round {
                    tokio::task::yield_now().await;
                }
            } else {
                tokio::time::sleep(Duration::from_micros(round * 100)).await;
            }

            cancel.fire(CancelReason::Client);

            let cancelled = match call.await.unwrap() {
                Ok(_) => false,
                Err(failure) => {
                    assert_eq!(failure.kind, FailureKind::Cancelled, "{failure:?}");
                    true
                }
            };
            ends[usize::from(cancelled)] += 1;
            let next = format!("SELECT {round} + 1");
            assert_eq!(rows(&database, &next, vec![]).await, json!([[round + 1]]));
        }
        assert!(ends[1] > 0, "no call was cancelled in time: {ends:?}");
    }
);
