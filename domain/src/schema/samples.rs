//! Schemas made by hand, for tests.

use std::{borrow::Cow, sync::Arc};

use super::snapshot::{
    ForeignKey, Key, Namespace, Relation, RelationId, RelationKind, Snapshot, TableColumn,
};
use crate::query::{
    Dialect,
    dialect::{Classified, StatementClass},
};

/// A dialect that quotes what is not in lower case.
#[derive(Debug)]
pub struct Plain;

impl Dialect for Plain {
    fn classify(&self, _: &str) -> Classified {
        Classified {
            class: StatementClass::Read,
            construct: "SELECT".to_owned(),
            position: None,
            findings: Vec::new(),
            flaw: None,
        }
    }

    fn reading_words(&self) -> &'static [&'static str] {
        &["SELECT"]
    }

    fn instead_of(&self, _: &str) -> Option<&'static str> {
        None
    }

    fn quoted<'name>(&self, name: &'name str) -> Cow<'name, str> {
        if name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(format!("\"{}\"", name.replace('"', "\"\"")))
        }
    }
}

/// A schema of one table a line: `[schema.]name[ ~rows]: column type[ PK][ UNIQUE][ NULL][ > table.column], … [-- comment]`.
/// A view's name begins with `=`. Keys of several columns are added by [`foreign_key`].
pub fn schema(text: &str) -> Snapshot {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let mut snapshot = Snapshot {
        search_path: vec![Arc::from("public")],
        ..Snapshot::default()
    };
    let mut keys = Vec::new();
    for line in lines {
        let (line, comment) = match line.split_once(" -- ") {
            Some((line, comment)) => (line, Some(Box::from(comment))),
            None => (line, None),
        };
        let (head, columns) = line.split_once(':').unwrap();
        let (head, rows) = match head.split_once(" ~") {
            Some((head, rows)) => (head, Some(rows.parse().unwrap())),
            None => (head, None),
        };
        let (schema, name) = head.split_once('.').unwrap_or(("public", head));
        if !snapshot.schemas.iter().any(|known| &*known.name == schema) {
            snapshot.schemas.push(Namespace {
                name: Arc::from(schema),
                comment: None,
            });
        }
        let id = RelationId(u32::try_from(snapshot.relations.len()).unwrap());
        let mut relation = Relation {
            schema: Arc::from(schema),
            name: Arc::from(name.trim_start_matches('=')),
            kind: if name.starts_with('=') {
                RelationKind::View
            } else {
                RelationKind::Table
            },
            comment,
            estimated_rows: rows,
            partitions: 0,
            columns: Vec::new(),
            keys: Vec::new(),
        };
        let mut primary = Vec::new();
        for column in columns
            .split(", ")
            .map(str::trim)
            .filter(|column| !column.is_empty())
        {
            let place = u16::try_from(relation.columns.len()).unwrap();
            let (column, target) = match column.split_once(" > ") {
                Some((column, target)) => (column, Some(target)),
                None => (column, None),
            };
            let words: Vec<&str> = column.split(' ').collect();
            if words.contains(&"PK") {
                primary.push(place);
            }
            if words.contains(&"UNIQUE") {
                relation.keys.push(Key {
                    is_primary: false,
                    columns: Box::new([place]),
                });
            }
            keys.extend(target.map(|target| (id, place, target.to_owned())));
            relation.columns.push(TableColumn {
                name: Arc::from(words[0]),
                type_name: Arc::from(*words.get(1).unwrap_or(&"text")),
                nullable: words.contains(&"NULL"),
                comment: None,
            });
        }
        if !primary.is_empty() {
            relation.keys.insert(
                0,
                Key {
                    is_primary: true,
                    columns: primary.into(),
                },
            );
        }
        snapshot.relations.push(relation);
    }
    for (from, place, target) in keys {
        let (to, column) = target.rsplit_once('.').unwrap();
        let to = id(&snapshot, to);
        let referenced = snapshot.relation(to).unwrap().column(column).unwrap();
        snapshot.foreign_keys.push(ForeignKey {
            name: Box::default(),
            from,
            columns: Box::new([place]),
            to,
            referenced: Box::new([u16::try_from(referenced).unwrap()]),
        });
    }
    snapshot
}

/// The table of this name.
pub fn id(snapshot: &Snapshot, name: &str) -> RelationId {
    super::TableName::parse(name)
        .unwrap()
        .resolve(snapshot)
        .unwrap()
}

/// Adds a key of several columns: `order_lines`, `[order_id, line]`, `orders`, `[id, line]`.
pub fn foreign_key(
    snapshot: &mut Snapshot,
    from: &str,
    columns: &[&str],
    to: &str,
    referenced: &[&str],
) {
    let places = |snapshot: &Snapshot, table: &str, names: &[&str]| -> Box<[u16]> {
        let relation = snapshot.relation(id(snapshot, table)).unwrap();
        names
            .iter()
            .map(|name| u16::try_from(relation.column(name).unwrap()).unwrap())
            .collect()
    };
    let key = ForeignKey {
        name: Box::default(),
        from: id(snapshot, from),
        columns: places(snapshot, from, columns),
        to: id(snapshot, to),
        referenced: places(snapshot, to, referenced),
    };
    snapshot.foreign_keys.push(key);
}

/// A shop of fifteen tables.
pub const RETAIL: &str = "
    customers ~50000: id bigint PK, email text UNIQUE, full_name text, country_code char(2) > countries.code, referred_by bigint NULL > customers.id, created_at timestamptz -- People who have bought or signed up.
    countries ~250: code char(2) PK, name text
    addresses ~80000: id bigint PK, customer_id bigint > customers.id, street text, city text, postal_code text
    orders ~200000: id bigint PK, customer_id bigint > customers.id, shipping_address_id bigint NULL > addresses.id, billing_address_id bigint NULL > addresses.id, store_id int > stores.id, status text, ordered_at timestamptz, total_amount numeric(12,2)
    order_items ~800000: order_id bigint PK > orders.id, line int PK, product_id bigint > products.id, quantity int, unit_price numeric(12,2), discount numeric(12,2) -- Lines of orders. Revenue is quantity * unit_price - discount.
    products ~5000: id bigint PK, sku text UNIQUE, name text, category_id int > categories.id, supplier_id int NULL > suppliers.id, list_price numeric(12,2)
    categories ~40: id int PK, name text, parent_id int NULL > categories.id -- Product categories, a tree.
    suppliers ~200: id int PK, name text, country_code char(2) > countries.code
    stores ~60: id int PK, name text, city text, country_code char(2) > countries.code
    payments ~210000: id bigint PK, order_id bigint > orders.id, method text, amount numeric(12,2), paid_at timestamptz
    shipments ~190000: id bigint PK, order_id bigint UNIQUE > orders.id, carrier text, shipped_at timestamptz
    returns ~9000: id bigint PK, order_id bigint, line int, reason text, returned_at timestamptz
    inventory ~300000: product_id bigint PK > products.id, store_id int PK > stores.id, on_hand int
    employees ~400: id int PK, store_id int > stores.id, manager_id int NULL > employees.id, full_name text
    orders_archive_2019 ~150000: id bigint PK, customer_id bigint, total_amount numeric(12,2)
    =sales_by_month: month date, revenue numeric
";

pub fn retail() -> Snapshot {
    let mut snapshot = schema(RETAIL);
    foreign_key(
        &mut snapshot,
        "returns",
        &["order_id", "line"],
        "order_items",
        &["order_id", "line"],
    );
    snapshot
}

/// The shop among tables that have nothing to do with it, of schemas of an accounting, a warehouse and the like.
pub fn retail_among(others: usize) -> Snapshot {
    let mut text = RETAIL.to_owned();
    let schemas = ["public", "public", "erp", "hr", "audit"];
    let subjects = [
        "ledger", "journal", "asset", "budget", "contract", "ticket", "campaign", "vehicle",
        "sensor", "policy",
    ];
    let roles = [
        "entry",
        "batch",
        "line",
        "history",
        "setting",
        "attachment",
        "status_log",
        "mapping",
        "snapshot",
        "type",
    ];
    for at in 0..others {
        let (subject, role) = (subjects[at % 10], roles[at / 10 % 10]);
        let schema = schemas[at % 5];
        let number = at / 100;
        let parent = if at >= 10 {
            let parent = at % 10;
            let (schema, number) = (schemas[parent % 5], 0);
            format!(
                ", parent_id bigint NULL > {schema}.{}_entry_{number}.id",
                subjects[parent]
            )
        } else {
            String::new()
        };
        let rows = at * 37;
        let table = format!(
            "\n{schema}.{subject}_{role}_{number} ~{rows}: id bigint PK{parent}, code text, description text, category text, amount numeric(12,2), created_at timestamptz, updated_by bigint"
        );
        text.push_str(&table);
    }
    let mut snapshot = schema(&text);
    foreign_key(
        &mut snapshot,
        "returns",
        &["order_id", "line"],
        "order_items",
        &["order_id", "line"],
    );
    snapshot
}
