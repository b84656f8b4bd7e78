//! Everything about some tables: the questions. Each is asked once for all tables, as one part for each of them, which
//! both servers answer without looking at other tables.

use domain::{
    Cancel, Failure,
    schema::{Referring, TableDescription},
};
use serde_json::Value;

use super::{
    super::super::records::Record,
    MySqlCatalog,
    described::{self, Answers, KeysTo},
};

/// One row, kept.
#[derive(Debug, Default)]
pub(super) struct Row(Vec<Option<String>>);

impl Row {
    pub(super) fn some(&self, index: usize) -> Option<&str> {
        self.0.get(index)?.as_deref()
    }

    pub(super) fn text(&self, index: usize) -> &str {
        self.some(index).unwrap_or_default()
    }

    /// `None` for what is empty too.
    pub(super) fn words(&self, index: usize) -> Option<String> {
        self.some(index)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    pub(super) fn number(&self, index: usize) -> Option<u64> {
        self.some(index)?.parse().ok()
    }
}

/// No question has more columns.
const MOST_CELLS: usize = 13;
/// No question has more parts.
const MOST_PARTS: usize = 500;

pub(super) async fn describe(
    catalog: &MySqlCatalog,
    tables: &[(String, String)],
    referring: &Referring,
    cancel: &Cancel,
) -> Result<Vec<TableDescription>, Failure> {
    let flavor = catalog.flavor;
    let srid = if flavor.is_mysql_since(8, 0, 3) {
        "srs_id"
    } else {
        "NULL"
    };
    let hidden = if flavor.is_mariadb {
        "ignored = 'YES'"
    } else if flavor.is_mysql_since(8, 0, 0) {
        "is_visible = 'NO'"
    } else {
        "0"
    };
    let columns = include_str!("../queries/columns_of.sql").replace("{srid}", srid);
    let indexes = include_str!("../queries/indexes_of.sql")
        .replace("{expression}", catalog.expression())
        .replace("{hidden}", hidden);
    let ask = async |sql: &str| rows(catalog, each(sql, tables), tables, cancel).await;
    // Three sessions at most, as for the whole.
    let (first, second, third) = tokio::try_join!(
        async {
            let found = ask(include_str!("../queries/table_of.sql")).await?;
            let columns = ask(&columns).await?;
            let views = ask(include_str!("../queries/view_of.sql")).await?;
            Ok::<_, Failure>((found, columns, views))
        },
        async {
            let indexes = ask(&indexes).await?;
            let triggers = ask(include_str!("../queries/triggers_of.sql")).await?;
            let partitions = ask(include_str!("../queries/partitions_of.sql")).await?;
            let checks = if flavor.is_mariadb {
                ask(include_str!("../queries/checks_of_mariadb.sql")).await?
            } else if flavor.is_mysql_since(8, 0, 16) {
                ask(include_str!("../queries/checks_of_mysql.sql")).await?
            } else {
                Vec::new()
            };
            Ok((indexes, triggers, partitions, checks))
        },
        async {
            let keys = ask(include_str!("../queries/keys_of.sql")).await?;
            let rules = ask(include_str!("../queries/rules_of.sql")).await?;
            let to_here = if flavor.is_mariadb {
                from_known(catalog, referring, cancel).await?
            } else {
                Some(from_any(catalog, tables, cancel).await?)
            };
            Ok((keys, rules, to_here))
        },
    )?;
    let (found, columns, views) = first;
    let (indexes, triggers, partitions, checks) = second;
    let (keys, rules, to_here) = third;
    let answers = Answers {
        flavor,
        found,
        columns,
        views,
        indexes,
        triggers,
        partitions,
        checks,
        keys,
        rules,
        to_here,
    };
    Ok(tables
        .iter()
        .enumerate()
        .filter_map(|(at, (schema, name))| described::table(&answers, at, schema, name))
        .collect())
}

const KEYS_TO: &str = include_str!("../queries/keys_to.sql");
const RULES_TO: &str = include_str!("../queries/rules_to.sql");

/// The keys that point to some tables, wherever they are: `MySQL` finds them in its dictionary.
async fn from_any(
    catalog: &MySqlCatalog,
    tables: &[(String, String)],
    cancel: &Cancel,
) -> Result<KeysTo, Failure> {
    let ask = async |sql: &str, schema: &str| {
        let condition = format!("({schema} = ? AND referenced_table_name = ?)");
        let sql = format!("{sql}{}", vec![condition; tables.len()].join(" OR "));
        rows(catalog, sql, tables, cancel).await
    };
    Ok(KeysTo {
        keys: ask(KEYS_TO, "referenced_table_schema").await?,
        rules: ask(RULES_TO, "unique_constraint_schema").await?,
    })
}

/// The keys of the tables that are known to point to some others, each table as a part of its own: `MariaDB` would open
/// all that there are to find them. `None` while they are not known.
async fn from_known(
    catalog: &MySqlCatalog,
    referring: &Referring,
    cancel: &Cancel,
) -> Result<Option<KeysTo>, Failure> {
    let Referring::Known(referring) = referring else {
        return Ok(None);
    };
    let mut to_here = KeysTo::default();
    for tables in referring.chunks(MOST_PARTS) {
        let ask = async |sql: &str, condition: &str| {
            let part = format!("{sql}{condition}\n");
            rows(catalog, each(&part, tables), tables, cancel).await
        };
        let keys = "table_schema = ? AND table_name = ? AND referenced_table_name IS NOT NULL";
        to_here.keys.extend(ask(KEYS_TO, keys).await?);
        let rules = "constraint_schema = ? AND table_name = ?";
        to_here.rules.extend(ask(RULES_TO, rules).await?);
    }
    Ok(Some(to_here))
}

/// The question for each table, whose number is `{at}`.
fn each(sql: &str, tables: &[(String, String)]) -> String {
    let parts: Vec<String> = (0..tables.len())
        .map(|at| sql.replace("{at}", &at.to_string()))
        .collect();
    parts.join("UNION ALL\n")
}

async fn rows(
    catalog: &MySqlCatalog,
    sql: String,
    tables: &[(String, String)],
    cancel: &Cancel,
) -> Result<Vec<Row>, Failure> {
    let names = tables
        .iter()
        .flat_map(|(schema, name)| [schema, name])
        .map(|name| Value::String(name.clone()))
        .collect();
    catalog
        .ask(
            &sql,
            names,
            cancel,
            |rows: &mut Vec<Row>, record: &Record| {
                let cells = (0..MOST_CELLS).map(|cell| record.some(cell).map(str::to_owned));
                rows.push(Row(cells.collect()));
            },
        )
        .await
}
