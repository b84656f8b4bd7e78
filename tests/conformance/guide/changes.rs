//! What changes between two calls.

use domain::FailureKind;
use support::{on_every_engine, subject::Subject};

use super::{Place, word};

on_every_engine!(
    a_table_that_was_dropped_meanwhile_is_told_as_dropped,
    async |subject: &Subject| {
        // GIVEN a schema that was just looked at
        let place = Place::shop(subject).await;
        place.search(word("newsletters")).await.unwrap();

        // WHEN another session drops one of its tables
        place.run("DROP TABLE newsletters").await;
        // With its schema: on a server with other shops, theirs would be meant.
        let name = format!("{}.newsletters", place.schema);
        let beside = place.describe(&["orders", &name]).await.unwrap();
        let alone = place.describe(&[&name]).await.unwrap_err();

        // THEN it is told as gone, and the other one as it is
        assert_eq!(beside["tables"].as_array().unwrap().len(), 1);
        assert_eq!(beside["unknown"][0]["name"], name);
        assert_eq!(alone.kind, FailureKind::InvalidArgument);
        place.leave().await;
    }
);

on_every_engine!(
    a_table_that_another_session_made_is_described_at_once: postgres_15 postgres_18 sqlite,
    async |subject: &Subject| {
        let place = Place::shop(subject).await;
        place.search(word("newsletters")).await.unwrap();

        place
            .run("CREATE TABLE zebras (id int PRIMARY KEY, customer_id int)")
            .await;
        let told = place.describe(&["zebras"]).await.unwrap();

        assert_eq!(told["tables"][0]["name"], "zebras");
        place.leave().await;
    }
);

on_every_engine!(
    a_table_that_is_not_there_is_told_the_nearest,
    async |subject: &Subject| {
        let place = Place::shop(subject).await;

        // On a server with other shops too.
        let name = format!("{}.newsleters", place.schema);
        let told = place.describe(&[&name]).await.unwrap_err();
        let joined = place.joins("orders", &name).await.unwrap_err();

        for failure in [told, joined] {
            assert_eq!(failure.kind, FailureKind::InvalidArgument);
            let hint = failure.hint.unwrap();
            assert!(
                hint.contains(&format!("`{}.newsletters`", place.schema)),
                "{hint}"
            );
        }
        place.leave().await;
    }
);
