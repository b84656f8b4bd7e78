//! Whatever a schema's names are, a search of it ends well: valid JSON within its limits.

use std::sync::Arc;

use application::{
    catalog_cache::Searchable,
    use_cases::{Detail, SearchSchema},
};
use domain::{
    query::Dialect,
    schema::{
        ForeignKey, Key, Namespace, Relation, RelationId, RelationKind, Snapshot, TableColumn,
        search::{Kind, SearchIndex},
    },
};
use proptest::{
    collection::vec,
    option,
    prelude::{any, prop_oneof},
    sample::select,
    strategy::Strategy,
};
use serde_json::Value;
use support::{on_every_engine, subject::Subject};

use super::{holds, statements::noise};

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(&["orders", "order_items", "id", "customer_id", "Customer", "\"", "\\", "a.b", "%", "_", "", "ÄÖ", "注文"][..])
            .prop_map(str::to_owned),
        1 => noise(),
        1 => noise().prop_map(|text| text.repeat(30)),
    ]
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    let column = (name(), name(), option::of(name()));
    let table = (
        name(),
        name(),
        vec(column, 0..8),
        option::of(name()),
        any::<Option<u64>>(),
    );
    let keys = vec((any::<u32>(), any::<u32>(), any::<u16>()), 0..12);
    (vec(table, 0..12), keys).prop_map(|(tables, keys)| {
        let mut snapshot = Snapshot::default();
        for (schema, name, columns, comment, rows) in tables {
            let schema: Arc<str> = Arc::from(schema);
            if !snapshot.schemas.iter().any(|known| known.name == schema) {
                snapshot.schemas.push(Namespace {
                    name: schema.clone(),
                    comment: comment.clone().map(Into::into),
                });
            }
            snapshot.search_path = vec![schema.clone()];
            snapshot.relations.push(Relation {
                schema,
                name: Arc::from(name),
                kind: RelationKind::Table,
                comment: comment.map(Into::into),
                estimated_rows: rows,
                partitions: 0,
                keys: if columns.is_empty() {
                    Vec::new()
                } else {
                    vec![Key {
                        is_primary: true,
                        columns: Box::new([0]),
                    }]
                },
                columns: columns
                    .into_iter()
                    .map(|(name, type_name, comment)| TableColumn {
                        name: Arc::from(name),
                        type_name: Arc::from(type_name),
                        nullable: true,
                        comment: comment.map(Into::into),
                    })
                    .collect(),
            });
        }
        let count = u32::try_from(snapshot.relations.len()).unwrap().max(1);
        for (from, to, column) in keys {
            // Places that are not there must harm nothing either.
            snapshot.foreign_keys.push(ForeignKey {
                name: Box::default(),
                from: RelationId(from % count),
                columns: Box::new([column % 9]),
                to: RelationId(to % count),
                referenced: Box::new([0]),
            });
        }
        snapshot
    })
}

fn request() -> impl Strategy<Value = SearchSchema> {
    let kinds: Vec<Kind> = Kind::WORDS.iter().map(|(_, kind)| *kind).collect();
    (
        option::of(name()),
        vec(select(kinds), 0..3),
        select(vec![Detail::Names, Detail::Summary, Detail::Full]),
        option::of(1..30_usize),
        option::of(500..8_000_usize),
    )
        .prop_map(|(search, kinds, detail, limit, max_bytes)| SearchSchema {
            search,
            kinds,
            detail,
            limit,
            max_bytes,
            ..SearchSchema::default()
        })
}

/// How many things an answer tells.
fn told(answer: &Value) -> usize {
    let listed = |field: &str| answer[field].as_array().map_or(0, Vec::len);
    let grouped = answer["names"]
        .as_object()
        .into_iter()
        .flat_map(|schemas| schemas.values());
    let grouped = grouped.flat_map(|kinds| kinds.as_object().unwrap().values());
    let grouped: usize = grouped.map(|names| names.as_array().unwrap().len()).sum();
    listed("matches") + listed("tables") + grouped
}

/// Reads an answer and all that follow it.
fn read_to_the_end(searchable: &Searchable, dialect: &dyn Dialect, request: &SearchSchema) {
    let mut page = request.clone();
    let mut seen = 0;
    loop {
        let text = page.clone().answer(searchable, dialect).unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        let told = told(&answer);
        let is_overview = answer.get("tables").is_some();
        let most = request.limit.filter(|_| !is_overview);

        assert!(text.len() <= request.max_bytes.unwrap_or(12_000), "{text}");
        assert!(most.is_none_or(|most| told <= most), "{text}");
        seen += told;
        let Some(cursor) = answer["cursor"].as_str() else {
            let left_out = usize::try_from(answer["leftOut"].as_u64().unwrap_or(0)).unwrap();
            assert_eq!(answer["total"], seen + left_out, "{text}");
            break;
        };
        assert!(told > 0, "{text}");
        page.cursor = Some(cursor.to_owned());
    }
}

on_every_engine!(an_answer_is_json_within_its_limits_and_can_be_read_to_its_end: postgres_18 mysql_9 sqlite, async |subject: &Subject| {
    let database = subject.open().await;
    holds(500, &(snapshot(), request()), |(snapshot, request)| {
        let searchable = Searchable {
            index: Arc::new(SearchIndex::new(&snapshot)),
            // Says so in its answers, within the same limits.
            is_outline: snapshot.relations.len().is_multiple_of(2),
            snapshot: Arc::new(snapshot),
        };
        read_to_the_end(&searchable, &*database.dialect, &request);
    });
});
