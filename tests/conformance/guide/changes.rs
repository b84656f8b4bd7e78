//! What changes between two calls.

use application::{
    encode::Format,
    use_cases::{AskedLimits, Ceilings, ExecuteQuery},
};
use domain::{Cancel, FailureKind, query::Statement};
use serde_json::json;
use support::{databases::opened, on_every_engine, subject::Subject};

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
    a_table_that_is_made_or_dropped_through_us_is_known_at_once,
    async |subject: &Subject| {
        // GIVEN a connection that may write, whose schema was just looked at
        let mut place = Place::shop(subject).await;
        let admin = place.admin.clone();
        let reading = std::mem::replace(&mut place.connection, opened(&admin));
        let found =
            async |place: &Place| place.search(word("zebras")).await.unwrap()["total"].clone();
        assert_eq!(found(&place).await, 0);

        // WHEN a table is made, changed and dropped, and each is followed by a question
        let runs = async |place: &Place, sql: &str| {
            let query = ExecuteQuery {
                statement: Statement::new(sql.to_owned(), vec![]).unwrap(),
                format: Format::Json,
                asked: AskedLimits::default(),
            };
            let answer = query
                .execute(&place.connection, Ceilings::default(), &Cancel::new())
                .await;
            assert!(answer.is_ok(), "{sql}: {answer:?}");
        };
        runs(&place, "CREATE TABLE zebras (id int PRIMARY KEY)").await;
        let made = found(&place).await;
        runs(&place, "ALTER TABLE zebras ADD COLUMN stripes int").await;
        let column = place.search(word("stripes")).await.unwrap();
        runs(&place, "DROP TABLE zebras").await;
        let dropped = found(&place).await;

        // THEN the answer knows it
        assert_eq!((made, dropped), (json!(1), json!(0)));
        assert_eq!(column["matches"][0]["name"], "zebras");
        reading.database.pool.close().await;
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
