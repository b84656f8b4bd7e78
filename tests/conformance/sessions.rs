//! What one call leaves for the next, and what one connection shows another: nothing.

use domain::FailureKind;
use serde_json::json;
use support::{
    databases::{open, read, writable, write},
    on_every_engine,
    subject::{Subject, shared},
};

use super::helpers::rows;

on_every_engine!(
    what_a_statement_changes_in_its_session_is_not_seen_by_the_next,
    async |subject: &Subject| {
        let database = subject.open_narrow().await;
        for (change, look) in subject.words.changes {
            let before = rows(&database, look, vec![]).await;

            // An engine may refuse it, which is as good.
            if let Err(refusal) = read(&database, change, vec![]).await {
                assert_eq!(refusal.kind, FailureKind::NotAllowed, "{change}");
            }

            assert_eq!(rows(&database, look, vec![]).await, before, "{change}");
        }
    }
);

on_every_engine!(
    two_connections_never_see_each_others_rows,
    async |subject: &Subject| {
        let mut places = Vec::new();
        for colour in ["red", "blue"] {
            let (config, take_away) = subject.place().await;
            let admin = open(writable(config.clone())).await;
            for sql in [
                "CREATE TABLE colours (colour VARCHAR(10))".to_owned(),
                format!("INSERT INTO colours VALUES ('{colour}')"),
            ] {
                write(&admin, &sql, vec![]).await.unwrap();
            }
            admin.pool.close().await;
            places.push((colour, shared(config).await, take_away));
        }

        let calls: Vec<_> = (0..100)
            .map(|number| {
                let (colour, database, _) = &places[number % 2];
                let (colour, database) = (*colour, std::sync::Arc::clone(database));
                tokio::spawn(async move {
                    let sql = "SELECT colour FROM colours";
                    assert_eq!(rows(&database, sql, vec![]).await, json!([[colour]]));
                })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }

        let admin = subject.open_writable().await;
        for (_, database, take_away) in places {
            database.pool.close().await;
            if let Some(sql) = take_away {
                write(&admin, &sql, vec![]).await.unwrap();
            }
        }
    }
);
