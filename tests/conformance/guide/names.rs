//! Names that want to be something else.

use application::use_cases::{Detail, SearchSchema};
use serde_json::Value;
use support::{databases::read, on_every_engine, subject::Subject};

use super::{Place, word};

/// Without what an engine does not allow as a name.
const NAMES: [&str; 12] = [
    "a\"b",
    "a.b",
    "a`b",
    "it's",
    "'; DROP TABLE notes; --",
    "select",
    "MixedCase",
    "naïve 注文",
    "a\\b{c}",
    "{\"json\": null}",
    "[bracket]",
    "line\nbreak",
];

fn quoted(subject: &Subject, name: &str) -> String {
    let quote = if subject.name.starts_with('m') {
        '`'
    } else {
        '"'
    };
    let doubled = name.replace(quote, &format!("{quote}{quote}"));
    format!("{quote}{doubled}{quote}")
}

/// A table of each name, with a column of that name, which points to the one before.
async fn hostile(subject: &Subject) -> Place {
    let place = Place::on(subject).await;
    let mut before: Option<String> = None;
    for name in NAMES {
        let name = quoted(subject, name);
        let key = before.map_or_else(String::new, |before| {
            format!(", up int, FOREIGN KEY (up) REFERENCES {before} ({before})")
        });
        place
            .run(&format!(
                "CREATE TABLE {name} ({name} int PRIMARY KEY{key})"
            ))
            .await;
        before = Some(name);
    }
    place
}

on_every_engine!(
    each_name_that_is_listed_can_be_sent_back,
    async |subject: &Subject| {
        let place = hostile(subject).await;
        let request = SearchSchema {
            detail: Detail::Names,
            ..SearchSchema::default()
        };
        let listed = place.search(request).await.unwrap();
        let listed = listed["names"][&place.schema]["tables"].as_array().unwrap();
        assert_eq!(listed.len(), NAMES.len());

        let mut described = Vec::new();
        for name in listed {
            let told = place.describe(&[name.as_str().unwrap()]).await.unwrap();
            let table = &told["tables"][0];
            assert_eq!(table["primaryKey"][0], table["name"]);
            described.push(table["name"].as_str().unwrap().to_owned());
        }

        described.sort();
        let mut names = NAMES.to_vec();
        names.sort_unstable();
        assert_eq!(described, names);
        place.leave().await;
    }
);

on_every_engine!(
    each_name_is_described_and_found_as_it_is_spelt,
    async |subject: &Subject| {
        let place = hostile(subject).await;

        for name in NAMES {
            let in_quotes = format!("\"{}\"", name.replace('"', "\"\""));
            let told = place.describe(&[&in_quotes]).await.unwrap();
            assert_eq!(told["tables"][0]["name"], name);
            let found = place.search(word(name)).await.unwrap();
            let first = quoted(subject, name);
            let found = found["matches"].as_array().unwrap();
            assert!(
                found
                    .iter()
                    .any(|one| one["name"] == *first || one["name"] == name),
                "{name} does not find {first}: {found:?}"
            );
        }
        place.leave().await;
    }
);

on_every_engine!(joins_between_such_names_run, async |subject: &Subject| {
    let place = hostile(subject).await;
    let in_quotes = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let mut ran = 0;

    for pair in NAMES.windows(3) {
        let joins = place
            .joins(&in_quotes(pair[0]), &in_quotes(pair[2]))
            .await
            .unwrap();
        for path in joins["paths"].as_array().unwrap() {
            let sql = format!("SELECT 1 {}", path["sql"].as_str().unwrap());
            read(&place.connection.database, &sql, vec![])
                .await
                .unwrap_or_else(|failure| panic!("{sql}: {failure:?}"));
            ran += 1;
        }
    }

    assert_eq!(ran, NAMES.len() - 2);
    place.leave().await;
});

on_every_engine!(
    a_plan_of_such_a_table_names_it,
    async |subject: &Subject| {
        let place = hostile(subject).await;

        for name in NAMES {
            let spelt = quoted(subject, name);
            let sql = format!("SELECT * FROM {spelt} WHERE {spelt} + 0 <> 1 AND 'a\"b' <> 'c'");
            // SQLite measures nothing.
            for analyze in [false, true]
                .into_iter()
                .take_while(|analyze| !analyze || subject.name != "sqlite")
            {
                let told = place.explain(&sql, analyze).await.unwrap();
                let plan = told.plan.join("\n");
                assert!(
                    [
                        format!("on {name}"),
                        format!("on {spelt}"),
                        format!("on {}.{spelt}", place.schema)
                    ]
                    .iter()
                    .any(|read| plan.contains(read)),
                    "{name}: {plan}"
                );
            }
        }
        place.leave().await;
    }
);

on_every_engine!(
    a_name_in_a_hint_can_be_sent_back,
    async |subject: &Subject| {
        let place = Place::on(subject).await;
        let table = quoted(subject, "Log.Entries");
        place
            .run(&format!("CREATE TABLE {table} (id int PRIMARY KEY)"))
            .await;

        let bare = place.describe(&["Log.Entries"]).await.unwrap();
        let hint = place
            .describe(&["\"Log.Entires\""])
            .await
            .unwrap_err()
            .hint
            .unwrap();
        let name = hint.split('`').nth(1).unwrap();
        let back = place.describe(&[name]).await.unwrap();

        for told in [bare, back] {
            assert_eq!(told["tables"][0]["name"], Value::from("Log.Entries"));
        }
        place.leave().await;
    }
);

on_every_engine!(
    a_schema_in_quotes_is_that_schema,
    async |subject: &Subject| {
        let place = Place::shop(subject).await;

        let request = SearchSchema {
            schema: Some(format!("\"{}\"", place.schema)),
            ..word("orders")
        };
        let found = place.search(request).await.unwrap();

        assert_eq!(found["matches"][0]["name"], "orders");
        place.leave().await;
    }
);
