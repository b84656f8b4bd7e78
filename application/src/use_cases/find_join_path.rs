//! How to join two tables.

use domain::{
    Cancel, Failure,
    query::Dialect,
    schema::{
        RelationId, Snapshot,
        joins::{JoinPath, JoinPaths, MOST_COUNTED, Step, guessed_paths, join_paths, reach},
    },
};
use serde::Serialize;

use super::meant::{Meant, beyond};
use crate::registry::OpenConnection;

/// The request: two tables, as a caller names them.
#[derive(Debug, Clone)]
pub struct FindJoinPath {
    pub from: String,
    pub to: String,
}

/// So many chains are told, the likeliest first.
const MOST_PATHS: usize = 5;
/// So many tables are told that can be reached where no chain leads to the other one.
const MOST_REACHED: usize = 15;

/// Absent facts are left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    paths: Vec<Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// What foreign keys lead to, where they do not lead from one to the other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reaches: Vec<Reach>,
}

#[derive(Serialize)]
struct Path {
    sql: String,
    hops: Vec<Hop>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Hop {
    /// From child to parent.
    key: String,
    /// How many rows come of one, by the server's estimates.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<String>,
    /// Rows without the other side get lost.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    guess: bool,
}

#[derive(Serialize)]
struct Reach {
    table: String,
    tables: Vec<String>,
    total: usize,
}

impl FindJoinPath {
    /// The answer as JSON.
    pub async fn execute(
        self,
        connection: &OpenConnection,
        cancel: &Cancel,
    ) -> Result<String, Failure> {
        let names = [self.from.as_str(), self.to.as_str()];
        let meant = Meant::by(names.into_iter(), connection, cancel).await?;
        let mut ends = Vec::new();
        for (name, table) in meant.tables {
            match table {
                Ok(id) => ends.push(id),
                Err(failure) => return Err(not_joined(name, failure, connection, cancel).await),
            }
        }
        let [from, to] = ends.as_slice() else {
            return Err(Failure::internal("Two names have become another number."));
        };
        let answer = answer(&meant.snapshot, &*connection.database.dialect, *from, *to);
        serde_json::to_string(&answer).map_err(|error| {
            Failure::internal("The answer cannot be written as JSON.").with_source(error)
        })
    }
}

/// Why a table cannot be joined that the schema does not tell of.
async fn not_joined(
    name: &str,
    failure: Failure,
    connection: &OpenConnection,
    cancel: &Cancel,
) -> Failure {
    match beyond(name, connection, cancel).await {
        Err(kept_from_us) => kept_from_us,
        Ok(found) => match found.into_iter().find_map(|table| table.parent) {
            Some(parent) => Failure::invalid_argument(format!("`{name}` is a part of `{parent}`."))
                .with_hint(format!(
                    "Ask for the joins of `{parent}`; they are those of its parts."
                )),
            None => failure,
        },
    }
}

fn answer(snapshot: &Snapshot, dialect: &dyn Dialect, from: RelationId, to: RelationId) -> Answer {
    let found = join_paths(snapshot, from, to, MOST_PATHS);
    if !found.paths.is_empty() {
        return told(snapshot, dialect, &found, None);
    }
    if from == to {
        return Answer {
            paths: Vec::new(),
            total: None,
            note: Some(
                "Both are the same table, and no foreign key of it points to itself.".to_owned(),
            ),
            reaches: Vec::new(),
        };
    }
    let guessed = guessed_paths(snapshot, from, to, MOST_PATHS);
    if !guessed.paths.is_empty() {
        let note = "No foreign keys lead from one to the other. `guess` marks what only names and types of columns speak for: check it with a query.";
        return told(snapshot, dialect, &guessed, Some(note.to_owned()));
    }
    Answer {
        paths: Vec::new(),
        total: None,
        note: Some("No foreign keys lead from one to the other, and no columns look like keys between them.".to_owned()),
        reaches: [from, to]
            .map(|table| reached(snapshot, dialect, table))
            .into(),
    }
}

fn told(
    snapshot: &Snapshot,
    dialect: &dyn Dialect,
    found: &JoinPaths,
    note: Option<String>,
) -> Answer {
    let total = (found.total > found.paths.len()).then(|| {
        let more = if found.total == MOST_COUNTED {
            " or more"
        } else {
            ""
        };
        format!("{}{more} are as short", found.total)
    });
    Answer {
        paths: found
            .paths
            .iter()
            .map(|path| Path {
                sql: path.sql(snapshot, dialect),
                hops: path
                    .steps
                    .iter()
                    .map(|step| hop(snapshot, dialect, step))
                    .collect(),
                note: detour(snapshot, dialect, path),
            })
            .collect(),
        total,
        note,
        reaches: Vec::new(),
    }
}

fn hop(snapshot: &Snapshot, dialect: &dyn Dialect, step: &Step) -> Hop {
    Hop {
        key: step.key(snapshot, dialect),
        rows: step.factor(snapshot).map(times),
        optional: step.is_optional(snapshot),
        guess: step.is_guess,
    }
}

/// `×4`, `×0.95`, from hundredths.
fn times(hundredths: u32) -> String {
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match rest {
        0 => format!("×{whole}"),
        _ if whole >= 100 => format!("×{whole}"),
        _ => {
            let digits = format!("{rest:02}");
            format!("×{whole}.{}", digits.trim_end_matches('0'))
        }
    }
}

/// What to beware of.
fn detour(snapshot: &Snapshot, dialect: &dyn Dialect, path: &JoinPath) -> Option<String> {
    let through: Vec<String> = path
        .detours()
        .iter()
        .filter_map(|id| snapshot.relation(*id))
        .map(|relation| snapshot.written(dialect, relation))
        .collect();
    if through.is_empty() {
        return None;
    }
    Some(format!(
        "Rows meet only by having the same {}: each is paired with all of them. Check that this is meant.",
        through.join(" and ")
    ))
}

fn reached(snapshot: &Snapshot, dialect: &dyn Dialect, table: RelationId) -> Reach {
    let name = |id: RelationId| {
        snapshot
            .relation(id)
            .map(|relation| snapshot.written(dialect, relation))
            .unwrap_or_default()
    };
    let reached = reach(snapshot, table);
    Reach {
        table: name(table),
        tables: reached
            .iter()
            .take(MOST_REACHED)
            .map(|id| name(*id))
            .collect(),
        total: reached.len(),
    }
}

#[cfg(test)]
mod tests {
    use domain::schema::samples::{Plain, id, retail, schema};
    use serde_json::{Value, json};

    use super::*;
    use crate::use_cases::doubles::connection_to;

    fn found(snapshot: &Snapshot, from: &str, to: &str) -> Value {
        let (from, to) = (id(snapshot, from), id(snapshot, to));
        serde_json::to_value(answer(snapshot, &Plain, from, to)).unwrap()
    }

    #[test]
    fn a_chain_is_told_with_what_each_join_does_to_the_rows() {
        assert_eq!(
            found(&retail(), "categories", "order_items"),
            json!({"paths": [{
                "sql": "FROM categories JOIN products ON categories.id = products.category_id JOIN order_items ON products.id = order_items.product_id",
                "hops": [
                    {"key": "products.category_id → categories.id", "rows": "×125"},
                    {"key": "order_items.product_id → products.id", "rows": "×160"},
                ],
            }]})
        );
    }

    #[test]
    fn a_row_that_may_have_no_parent_is_marked() {
        let answer = found(&retail(), "products", "suppliers");

        assert_eq!(answer["paths"][0]["hops"][0]["optional"], true);
    }

    #[test]
    fn a_chain_through_a_shared_parent_has_a_warning() {
        let answer = found(&retail(), "suppliers", "stores");

        assert_eq!(
            answer["paths"][0]["note"],
            "Rows meet only by having the same countries: each is paired with all of them. Check that this is meant."
        );
    }

    #[test]
    fn without_keys_a_guess_is_marked_and_told() {
        let snapshot = schema("customers: id int PK\norders: customer_id int");

        let answer = found(&snapshot, "orders", "customers");

        assert_eq!(answer["paths"][0]["hops"][0]["guess"], true);
        assert!(
            answer["note"]
                .as_str()
                .unwrap()
                .starts_with("No foreign keys")
        );
    }

    #[test]
    fn without_any_chain_each_tells_what_it_reaches() {
        let snapshot = schema("a: id int PK\nb: a_id int > a.id\nlonely: x text");

        assert_eq!(
            found(&snapshot, "a", "lonely")["reaches"],
            json!([
                {"table": "a", "tables": ["b"], "total": 1},
                {"table": "lonely", "tables": [], "total": 0},
            ])
        );
    }

    #[test]
    fn factors_are_short() {
        for (hundredths, expected) in [(100, "×1"), (95, "×0.95"), (150, "×1.5"), (12_345, "×123")]
        {
            assert_eq!(times(hundredths), expected);
        }
    }

    #[tokio::test]
    async fn an_unknown_table_is_told_the_nearest() {
        let connection = connection_to(retail(), |catalog| {
            catalog
                .expect_describe()
                .returning(|_, _, _| Ok(Vec::new()));
        });
        let request = FindJoinPath {
            from: "orders".to_owned(),
            to: "custmers".to_owned(),
        };

        let failure = request
            .execute(&connection, &Cancel::new())
            .await
            .unwrap_err();

        assert_eq!(
            failure.hint.as_deref(),
            Some("Did you mean `public.customers`?")
        );
    }
}
