//! What a plan says is wrong, on tables that are large enough for it.

use support::{databases::write, on_every_engine, subject::Subject};

use super::Place;

/// A table `visits` of 20,000 rows, in which three columns say the same: no server's statistics of single columns see it.
async fn visits(subject: &Subject) -> Place {
    let place = Place::on(subject).await;
    place.run("CREATE TABLE digits (n INT PRIMARY KEY)").await;
    place
        .run("INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)")
        .await;
    place
        .run("CREATE TABLE visits (id INT PRIMARY KEY, town INT NOT NULL, region INT NOT NULL, country INT NOT NULL)")
        .await;
    place
        .run(
            "INSERT INTO visits
             SELECT number, number % 20, number % 20, number % 20 FROM (
                 SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n AS number
                 FROM digits a, digits b, digits c, digits d, digits e WHERE e.n < 2
             ) numbers",
        )
        .await;
    let analyze = if subject.name.starts_with('m') {
        "ANALYZE TABLE visits"
    } else {
        "ANALYZE visits"
    };
    write(&place.admin, analyze, vec![]).await.unwrap();
    place
}

const ONE_TOWN: &str = "SELECT * FROM visits v WHERE town = 3 AND region = 3 AND country = 3";

on_every_engine!(
    a_full_scan_of_a_large_table_is_told_by_its_size,
    async |subject: &Subject| {
        let place = visits(subject).await;

        let told = place
            .explain("SELECT * FROM visits v WHERE town = 3", false)
            .await
            .unwrap();

        let [warning] = told.warnings.as_slice() else {
            panic!("{told:?}");
        };
        let rows: u32 = warning
            .split_once("reads all ")
            .and_then(|(_, rest)| rest.split_once(" rows of "))
            .unwrap_or_else(|| panic!("{warning}"))
            .0
            .parse()
            .unwrap();
        // As the server estimates it, InnoDB from a few pages.
        assert!((5_000..=60_000).contains(&rows), "{warning}");
        // SQLite does not say what it throws away.
        assert_eq!(warning.contains("town = 3"), subject.name != "sqlite");
        place.leave().await;
    }
);

on_every_engine!(
    a_full_scan_of_a_small_table_is_not_worth_a_word,
    async |subject: &Subject| {
        let place = visits(subject).await;
        if subject.name == "sqlite" {
            place.run("ANALYZE").await;
        }

        let told = place
            .explain("SELECT * FROM digits AS d WHERE n + 0 = 3", false)
            .await
            .unwrap();

        assert_eq!(told.warnings, [""; 0]);
        place.leave().await;
    }
);

on_every_engine!(
    an_estimate_that_was_far_off_is_told: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let place = visits(subject).await;

        let told = place.explain(ONE_TOWN, true).await.unwrap();

        let off: Vec<&String> = told
            .warnings
            .iter()
            .filter(|warning| warning.contains(" 1000 rows came, "))
            .collect();
        assert_eq!(off.len(), 1, "{told:?}");
        place.leave().await;
    }
);

on_every_engine!(
    the_costliest_step_is_the_one_that_reads_everything: postgres_15 postgres_18 mariadb_10_11 mysql_9,
    async |subject: &Subject| {
        let place = visits(subject).await;

        let told = place
            .explain("SELECT (SELECT max(n) FROM digits), count(*) FROM visits v WHERE v.town + 0 = 3", true)
            .await
            .unwrap();

        let first = &told.costliest[0];
        assert_eq!(first.of, "time");
        assert!(first.what.contains(" on v") || first.what.contains("visits"), "{told:?}");
        assert!(told.costliest.len() <= 3);
        place.leave().await;
    }
);
