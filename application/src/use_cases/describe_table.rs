//! Everything about some tables.

use domain::{
    Cancel, Failure, FailureKind,
    schema::{Referring, Relation, TableDescription},
};
use serde::Serialize;

use super::meant::{Meant, beyond};
use crate::registry::OpenConnection;

/// The request.
#[derive(Debug, Clone, Default)]
pub struct DescribeTable {
    /// Names as a caller writes them.
    pub tables: Vec<String>,
    pub max_bytes: Option<usize>,
}

/// So many can be described in one call.
pub const MOST_TABLES: usize = 20;
const DEFAULT_BYTES: usize = 24_000;
const LEAST_BYTES: usize = 500;
const MOST_BYTES: usize = 1_000_000;

#[derive(Serialize)]
struct Answer {
    tables: Vec<TableDescription>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<Unknown>,
    /// What was left out to keep within the limit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cut: Vec<String>,
}

/// A name that means no table.
#[derive(Serialize)]
struct Unknown {
    name: String,
    hint: String,
}

impl DescribeTable {
    /// The answer as JSON. Fails only if none of the names is known.
    pub async fn execute(
        self,
        connection: &OpenConnection,
        cancel: &Cancel,
    ) -> Result<String, Failure> {
        if self.tables.is_empty() {
            return Err(Failure::invalid_argument("No table is named.")
                .with_hint("Name one or more in `tables`; search_schema finds them."));
        }
        if self.tables.len() > MOST_TABLES {
            return Err(Failure::invalid_argument(format!(
                "{} tables are too many for one call.",
                self.tables.len()
            ))
            .with_hint(format!("Name up to {MOST_TABLES}.")));
        }
        let names = self.tables.iter().map(String::as_str);
        let meant = Meant::by_name(names, connection, cancel).await?;
        let Apart {
            known,
            referring,
            failures,
        } = apart(meant);
        let mut tables = if known.is_empty() {
            Vec::new()
        } else {
            let catalog = &connection.database.catalog;
            catalog.describe(&known, &referring, cancel).await?
        };
        let mut unknown = Vec::new();
        for (name, failure) in failures {
            match beyond(name, connection, cancel).await {
                Ok(found) if found.is_empty() => unknown.push((name.to_owned(), failure)),
                Ok(found) => tables.extend(found),
                Err(failure) if failure.kind == FailureKind::NotAllowed => {
                    unknown.push((name.to_owned(), failure));
                }
                Err(failure) => return Err(failure),
            }
        }
        for (schema, name) in known {
            // An engine without schemas tells none.
            let is_it = |table: &TableDescription| {
                table.name == name && (table.schema.is_empty() || table.schema == schema)
            };
            if !tables.iter().any(is_it) {
                // Dropped since the schema was read.
                connection.catalog.outdate();
                unknown.push((format!("{schema}.{name}"), just_dropped(&schema, &name)));
            }
        }
        if tables.is_empty() {
            return Err(none_known(unknown));
        }
        let max_bytes = self
            .max_bytes
            .unwrap_or(DEFAULT_BYTES)
            .clamp(LEAST_BYTES, MOST_BYTES);
        Answer {
            tables,
            unknown: unknown.into_iter().map(Unknown::of).collect(),
            cut: Vec::new(),
        }
        .within(max_bytes)
    }
}

/// Schema and name.
type Names = Vec<(String, String)>;

/// Each table that is meant, once, with those that refer to them, and the names that mean none.
struct Apart<'a> {
    known: Names,
    referring: Referring,
    failures: Vec<(&'a str, Failure)>,
}

fn apart(meant: Meant<'_>) -> Apart<'_> {
    let mut known = Vec::new();
    let mut failures = Vec::new();
    for (name, table) in meant.tables {
        match table {
            Ok(id) if known.contains(&id) => {}
            Ok(id) => known.push(id),
            Err(failure) => failures.push((name, failure)),
        }
    }
    let named = |relation: &Relation| (relation.schema.to_string(), relation.name.to_string());
    let schema = &meant.snapshot;
    Apart {
        referring: if meant.is_outline {
            Referring::Unknown
        } else {
            let referring = schema.referring_to(&known);
            Referring::Known(referring.into_iter().map(named).collect())
        },
        known: known
            .into_iter()
            .filter_map(|id| schema.relation(id))
            .map(named)
            .collect(),
        failures,
    }
}

fn just_dropped(schema: &str, name: &str) -> Failure {
    Failure::invalid_argument(format!(
        "There is no table or view `{schema}.{name}` any more."
    ))
    .with_hint("It has just been dropped or renamed; search_schema finds what is there now.")
}

/// The failure of a call that finds nothing at all.
fn none_known(mut unknown: Vec<(String, Failure)>) -> Failure {
    if unknown.len() == 1
        && let Some((_, failure)) = unknown.pop()
    {
        return failure;
    }
    let kind = if unknown
        .iter()
        .all(|(_, failure)| failure.kind == FailureKind::NotAllowed)
    {
        FailureKind::NotAllowed
    } else {
        FailureKind::InvalidArgument
    };
    let hints: Vec<String> = unknown
        .into_iter()
        .map(Unknown::of)
        .map(|unknown| format!("{}: {}", unknown.name, unknown.hint))
        .collect();
    Failure::new(kind, "None of these tables can be described.").with_hint(hints.join(" "))
}

impl Unknown {
    fn of((name, failure): (String, Failure)) -> Self {
        // Of a table that is kept from the role, what it lacks says more than whom to ask.
        let hint = match failure.hint {
            Some(hint) if failure.kind != FailureKind::NotAllowed => hint,
            _ => failure.message,
        };
        Self { name, hint }
    }
}

/// Something that can be left out of a description, and what it is called. Says whether there was any.
type Cut = (&'static str, fn(&mut TableDescription) -> bool);

/// The least missed first.
const CUTS: &[Cut] = &[
    ("definition", |table| {
        shorten(table.definition.as_mut(), 300)
    }),
    ("triggers' actions", |table| {
        let mut cut = false;
        for trigger in &mut table.triggers {
            cut |= shorten(Some(&mut trigger.action), 80);
        }
        cut
    }),
    ("partitions", |table| {
        let count = table.partitions.len();
        table.partitions.truncate(3);
        if count > 3 {
            table.partition_count = table.partition_count.or(u64::try_from(count).ok());
        }
        count > 3
    }),
    ("columns' comments", |table| {
        let mut cut = false;
        for column in &mut table.columns {
            cut |= shorten(column.comment.as_mut(), 60);
        }
        cut
    }),
    ("values of columns", |table| {
        let mut cut = false;
        for column in &mut table.columns {
            cut |= column.values.len() > 5;
            column.values.truncate(5);
        }
        cut
    }),
    ("referencedBy", |table| references(table, 40)),
    ("row security", |table| {
        !std::mem::take(&mut table.row_security).is_empty()
    }),
    ("checks", |table| {
        !std::mem::take(&mut table.checks).is_empty()
    }),
    ("triggers", |table| {
        !std::mem::take(&mut table.triggers).is_empty()
    }),
    ("indexes", |table| {
        !std::mem::take(&mut table.indexes).is_empty()
    }),
    ("referencedBy", |table| references(table, 5)),
];

impl Answer {
    fn within(mut self, max_bytes: usize) -> Result<String, Failure> {
        for (what, cut) in CUTS {
            if self.text()?.len() <= max_bytes {
                break;
            }
            let mut cut_from = Vec::new();
            for table in &mut self.tables {
                if cut(table) {
                    cut_from.push(table.name.clone());
                }
            }
            let told = format!("{what} of {}", cut_from.join(", "));
            if !cut_from.is_empty() && !self.cut.contains(&told) {
                self.cut.push(told);
            }
        }
        while self.tables.len() > 1 && self.text()?.len() > max_bytes {
            if let Some(table) = self.tables.pop() {
                self.cut.push(format!("all of {}", table.name));
            }
        }
        self.cut_columns(max_bytes)?;
        let text = self.text()?;
        if text.len() > max_bytes {
            return Err(Failure::new(
                FailureKind::TooLarge,
                format!("The shortest description takes {} bytes.", text.len()),
            )
            .with_hint(
                "Raise `maxBytes`; search_schema with `kinds`: [\"column\"] finds single columns.",
            ));
        }
        Ok(text)
    }

    /// Leaves out the last columns of the one table that is left.
    fn cut_columns(&mut self, max_bytes: usize) -> Result<(), Failure> {
        let all = self.tables.first().map_or(0, |table| table.columns.len());
        while self.text()?.len() > max_bytes {
            let Some(table) = self.tables.first_mut() else {
                return Ok(());
            };
            let kept = table.columns.len() / 4 * 3;
            if kept == 0 {
                return Ok(());
            }
            table.columns.truncate(kept);
            let told = format!("the last {} of {all} columns of {}", all - kept, table.name);
            self.cut.retain(|cut| !cut.contains(" columns of "));
            self.cut.push(told);
        }
        Ok(())
    }

    fn text(&self) -> Result<String, Failure> {
        serde_json::to_string(self).map_err(|error| {
            Failure::internal("The description cannot be written as JSON.").with_source(error)
        })
    }
}

/// Keeps so many of the keys that point to a table, and tells how many there are.
fn references(table: &mut TableDescription, most: usize) -> bool {
    let count = table.referenced_by.len();
    table.referenced_by.truncate(most);
    if count > most {
        table.referenced_by_count = table.referenced_by_count.or(u64::try_from(count).ok());
    }
    count > most
}

/// Cuts a text, and says whether there was more of it.
fn shorten(text: Option<&mut String>, most: usize) -> bool {
    let Some(text) = text.filter(|text| text.len() > most) else {
        return false;
    };
    text.truncate(text.floor_char_boundary(most));
    text.push('…');
    true
}

#[cfg(test)]
mod tests {
    use domain::schema::{
        Check, ColumnDescription, ReferenceDescription, RelationKind, TriggerDescription,
        samples::retail,
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::use_cases::doubles::connection_to;

    fn described(name: &str) -> TableDescription {
        TableDescription {
            columns: vec![ColumnDescription {
                name: "id".to_owned(),
                type_name: "bigint".to_owned(),
                not_null: true,
                ..ColumnDescription::default()
            }],
            ..TableDescription::new("public", name, RelationKind::Table)
        }
    }

    async fn describe(
        request: DescribeTable,
        change: fn(&mut TableDescription),
    ) -> Result<Value, Failure> {
        let connection = connection_to(retail(), move |catalog| {
            catalog.expect_describe().returning(move |names, _, _| {
                let there = names.iter().filter(|(schema, _)| !schema.is_empty());
                let mut tables: Vec<_> = there.map(|(_, name)| described(name)).collect();
                tables.iter_mut().for_each(change);
                Ok(tables)
            });
        });
        let answer = request.execute(&connection, &Cancel::new()).await?;
        Ok(serde_json::from_str(&answer).unwrap())
    }

    fn tables(names: &[&str]) -> DescribeTable {
        DescribeTable {
            tables: names.iter().map(|name| (*name).to_owned()).collect(),
            max_bytes: None,
        }
    }

    #[tokio::test]
    async fn each_table_is_described_once_and_an_unknown_one_has_a_hint() {
        let answer = describe(
            tables(&["orders", "custmers", "ORDERS", "products"]),
            |_| (),
        )
        .await
        .unwrap();

        let names: Vec<&Value> = answer["tables"]
            .as_array()
            .unwrap()
            .iter()
            .map(|table| &table["name"])
            .collect();
        assert_eq!(names, ["orders", "products"]);
        assert_eq!(
            answer["unknown"],
            json!([{"name": "custmers", "hint": "Did you mean `public.customers`?"}])
        );
        assert!(answer.get("cut").is_none());
    }

    #[tokio::test]
    async fn only_unknown_tables_are_a_failure() {
        let one = describe(tables(&["custmers"]), |_| ()).await.unwrap_err();
        let two = describe(tables(&["custmers", "ordrs"]), |_| ())
            .await
            .unwrap_err();

        assert_eq!(one.message, "There is no table or view `custmers`.");
        assert_eq!(
            one.hint.as_deref(),
            Some("Did you mean `public.customers`?")
        );
        assert_eq!(two.message, "None of these tables can be described.");
        assert_eq!(
            two.hint.as_deref(),
            Some("custmers: Did you mean `public.customers`? ordrs: Did you mean `public.orders`?")
        );
    }

    #[tokio::test]
    async fn too_many_tables_are_refused() {
        let failure = describe(tables(&["orders"; 21]), |_| ()).await.unwrap_err();

        assert_eq!(failure.hint.as_deref(), Some("Name up to 20."));
    }

    #[tokio::test]
    async fn what_is_missed_least_is_cut_first() {
        let request = DescribeTable {
            max_bytes: Some(900),
            ..tables(&["orders"])
        };
        let answer = describe(request, |table| {
            table.definition = Some("x".repeat(5_000));
            table.triggers = vec![TriggerDescription {
                name: "audit".to_owned(),
                event: "AFTER UPDATE".to_owned(),
                action: "audit()".to_owned(),
                disabled: false,
            }];
        })
        .await
        .unwrap();

        assert_eq!(answer["cut"], json!(["definition of orders"]));
        assert_eq!(answer["tables"][0]["triggers"][0]["action"], "audit()");
    }

    #[tokio::test]
    async fn of_a_table_that_all_point_to_the_first_keys_and_their_number_are_told() {
        let answer = describe(tables(&["orders"]), |table| {
            table.referenced_by = (0..3_000)
                .map(|at| ReferenceDescription {
                    from: format!("part_{at}(order_id)"),
                    columns: vec!["id".to_owned()],
                    on_delete: None,
                    on_update: None,
                })
                .collect();
            table.checks = vec![Check {
                name: "positive".to_owned(),
                definition: "id > 0".to_owned(),
            }];
        })
        .await
        .unwrap();

        let table = &answer["tables"][0];
        assert!(answer.to_string().len() <= DEFAULT_BYTES);
        assert_eq!(table["referencedBy"].as_array().unwrap().len(), 40);
        assert_eq!(table["referencedByCount"], 3_000);
        assert_eq!(table["checks"][0]["name"], "positive");
        assert_eq!(answer["cut"], json!(["referencedBy of orders"]));
    }

    #[tokio::test]
    async fn a_partition_is_described_though_the_schema_counts_it_in_its_parent() {
        let connection = connection_to(retail(), |catalog| {
            catalog
                .expect_describe()
                .withf(|names, _, _| *names == [("public".to_owned(), "orders_2024".to_owned())])
                .returning(|_, _, _| Ok(vec![described("orders_2024")]));
        });
        let request = tables(&["public.orders_2024"]);

        let answer = request.execute(&connection, &Cancel::new()).await.unwrap();

        assert!(answer.contains("\"name\":\"orders_2024\""), "{answer}");
    }

    #[tokio::test]
    async fn what_is_kept_from_the_role_is_told_as_that() {
        let kept = || {
            Failure::new(FailureKind::NotAllowed, "`hidden.plans` exists, but …")
                .with_hint("Whoever administers the database can grant it.")
        };
        let connection = connection_to(retail(), move |catalog| {
            catalog.expect_describe().returning(move |names, _, _| {
                match names.first().map(|(_, name)| name.as_str()) {
                    Some("plans") => Err(kept()),
                    Some(name) => Ok(vec![described(name)]),
                    None => Ok(Vec::new()),
                }
            });
        });
        let cancel = Cancel::new();

        let alone = tables(&["plans"]).execute(&connection, &cancel).await;
        let beside = tables(&["orders", "plans"])
            .execute(&connection, &cancel)
            .await;

        assert_eq!(alone.unwrap_err().kind, FailureKind::NotAllowed);
        let beside: Value = serde_json::from_str(&beside.unwrap()).unwrap();
        assert_eq!(
            beside["unknown"],
            json!([{"name": "plans", "hint": "`hidden.plans` exists, but …"}])
        );
    }

    #[tokio::test]
    async fn of_two_tables_of_one_name_the_one_that_was_dropped_is_told() {
        let mut two = retail();
        let mut other = two.relations[0].clone();
        other.schema = "old".into();
        let name = other.name.to_string();
        two.relations.push(other);
        let connection = connection_to(two, |catalog| {
            catalog.expect_describe().returning(|names, _, _| {
                let kept = names.iter().filter(|(schema, _)| schema == "public");
                Ok(kept.map(|(_, name)| described(name)).collect())
            });
        });
        let request = DescribeTable {
            tables: vec![format!("public.{name}"), format!("old.{name}")],
            max_bytes: None,
        };

        let answer = request.execute(&connection, &Cancel::new()).await.unwrap();

        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["unknown"][0]["name"], format!("old.{name}"));
    }

    #[tokio::test]
    async fn tables_and_columns_beyond_the_limit_are_named() {
        let request = DescribeTable {
            max_bytes: Some(1_000),
            ..tables(&["orders", "products"])
        };
        let answer = describe(request, |table| {
            let column = table.columns[0].clone();
            table.columns = vec![column; 40];
        })
        .await
        .unwrap();

        assert!(answer.to_string().len() <= 1_000);
        assert_eq!(
            answer["cut"],
            json!(["all of products", "the last 25 of 40 columns of orders"])
        );
    }
}
