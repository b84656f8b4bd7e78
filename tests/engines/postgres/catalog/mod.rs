//! What the catalog tells of a database that has one of everything, beside what the server's own catalog says.

mod beside;
mod changes;
mod describing;
mod hostile;
mod naming;
mod reading;
mod seeing;

use domain::{
    Cancel, Failure,
    connection::Database,
    schema::{Referring, Relation, Snapshot, TableDescription},
};
use support::databases::open;

use super::house::House;

/// A shop with one of everything, and the database as a role sees it that may only read.
struct Shop {
    house: House,
    database: Database,
}

impl Shop {
    async fn on(server: &str) -> Self {
        let mut house = House::on(server).await;
        house.run(include_str!("shop.sql")).await;
        if server.ends_with("_18") {
            house.run(include_str!("shop_18.sql")).await;
        }
        let database = open(house.config(&house.name)).await;
        Self { house, database }
    }

    async fn leave(self) {
        self.database.pool.close().await;
        self.house.leave(&[]).await;
    }

    async fn read(&self) -> Snapshot {
        read(&self.database).await
    }

    /// A table of the schema `shop`.
    async fn describe(&self, name: &str) -> TableDescription {
        let mut told = describe(&self.database, &[("shop", name)]).await.unwrap();
        assert_eq!(told.len(), 1, "{name}");
        told.remove(0)
    }
}

async fn read(database: &Database) -> Snapshot {
    database.catalog.read(&Cancel::new()).await.unwrap()
}

async fn describe(
    database: &Database,
    tables: &[(&str, &str)],
) -> Result<Vec<TableDescription>, Failure> {
    let tables: Vec<(String, String)> = tables
        .iter()
        .map(|(schema, name)| ((*schema).to_owned(), (*name).to_owned()))
        .collect();
    let catalog = &database.catalog;
    catalog
        .describe(&tables, &Referring::Unknown, &Cancel::new())
        .await
}

fn relation<'a>(snapshot: &'a Snapshot, schema: &str, name: &str) -> &'a Relation {
    snapshot
        .relations
        .iter()
        .find(|relation| &*relation.schema == schema && &*relation.name == name)
        .unwrap_or_else(|| panic!("{schema}.{name}"))
}

/// As `schema.name`, in the order of the snapshot.
fn names(snapshot: &Snapshot) -> Vec<String> {
    snapshot
        .relations
        .iter()
        .map(|relation| format!("{}.{}", relation.schema, relation.name))
        .collect()
}
