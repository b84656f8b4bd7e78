//! What is told where nothing was found: that things are there and kept from the role is never told as that they are not.

use std::sync::Arc;

use domain::{
    Cancel, Failure, FailureKind,
    schema::{
        Referring, Relation, Snapshot,
        search::{Item, Kind, Search},
    },
};

use super::{MOST, SearchSchema, noticed, schema_called};
use crate::{
    catalog_cache::{Known, Searchable},
    registry::OpenConnection,
};

/// Of a database in which nobody learns of what is kept from them.
const NOTHING_TO_SEE: &str = "No table may be seen here: there is none, or whoever administers the database has yet to grant SELECT.";
const NOT_SEARCHED: &str = "What may not be seen here is not searched.";
const BY_NAME_ALONE: &str =
    "Tables that the role of this connection may not see were searched by their names alone.";
const CAN_GRANT: &str = "Whoever administers the database can grant it, USAGE on a schema and SELECT on its tables; until then, use others.";

/// What answers to a question and is kept from the role.
enum Kept<'a> {
    Schema(&'a str),
    Relation { first: &'a Relation, count: usize },
}

impl SearchSchema {
    /// The answer that found nothing as it is, or what the role lacks to be told of something.
    pub(super) async fn told_of_nothing(
        &self,
        answer: String,
        snapshot: &Snapshot,
        connection: &OpenConnection,
        cancel: &Cancel,
    ) -> Result<String, Failure> {
        let schema = self.schema.as_deref();
        let schema = schema.map(|name| schema_called(snapshot, name));
        let search = self.search_in(schema.transpose()?);
        if search.text.is_none() && !is_about_tables(&search) {
            return Ok(answer);
        }
        if snapshot.may_hide {
            return Ok(noticed(
                answer,
                match search.text {
                    Some(_) => NOT_SEARCHED,
                    None => NOTHING_TO_SEE,
                },
            ));
        }
        let catalog = &connection.database.catalog;
        let withheld = Known::whole(Arc::new(catalog.withheld(cancel).await?));
        let withheld = Searchable::new(withheld).await?;
        let (first, count) = match kept(&withheld, &search) {
            None if search.text.is_some()
                && withheld.snapshot.holds_any(search.schema.as_deref()) =>
            {
                return Ok(noticed(answer, BY_NAME_ALONE));
            }
            None => return Ok(answer),
            Some(Kept::Schema(name)) => return Err(lacks_usage(name)),
            Some(Kept::Relation { first, count }) => (first, count),
        };
        let asked = [(first.schema.to_string(), first.name.to_string())];
        match catalog.describe(&asked, &Referring::Unknown, cancel).await {
            Err(lacking) if lacking.kind == FailureKind::NotAllowed => {
                Err(lacks_rights(&search, count, &lacking))
            }
            // It has been granted since.
            Ok(_) => Ok(answer),
            Err(failure) => Err(failure),
        }
    }
}

/// Why nothing is told of a schema that is not known.
pub(super) async fn schema(
    name: &str,
    unknown: Failure,
    connection: &OpenConnection,
    cancel: &Cancel,
) -> Failure {
    match connection.database.catalog.withheld(cancel).await {
        Ok(withheld) => match schema_called(&withheld, name) {
            Ok(name) => lacks_usage(&name),
            Err(_) => unknown,
        },
        Err(failure) => failure,
    }
}

/// What is kept from a role is known by the names of relations and schemas alone.
fn is_about_tables(search: &Search) -> bool {
    let named = [Kind::Table, Kind::View, Kind::Schema];
    search.kinds.is_empty() || search.kinds.iter().any(|kind| named.contains(kind))
}

fn kept<'a>(withheld: &'a Searchable, search: &Search) -> Option<Kept<'a>> {
    let Searchable {
        snapshot: withheld,
        index,
        ..
    } = withheld;
    let found = index.search(withheld, search, 0, MOST);
    let mut relations = found.items.iter().filter_map(|item| match item {
        Item::Relation(id) => withheld.relation(*id),
        _ => None,
    });
    if let Some(first) = relations.next() {
        let count = relations.count() + 1;
        return Some(Kept::Relation { first, count });
    }
    found.items.iter().find_map(|item| match item {
        Item::Schema(at) => {
            let schema = withheld.schemas.get(*at as usize)?;
            Some(Kept::Schema(&schema.name))
        }
        _ => None,
    })
}

fn lacks_usage(schema: &str) -> Failure {
    Failure::new(
        FailureKind::NotAllowed,
        format!("The schema `{schema}` exists, but the role of this connection lacks USAGE on it."),
    )
    .with_hint(CAN_GRANT)
}

/// `lacking` says what it is that the role lacks for the first of them.
fn lacks_rights(search: &Search, count: usize, lacking: &Failure) -> Failure {
    let what = if search.text.is_some() {
        "Nothing that the role may see answers to this."
    } else {
        "The role may see no table here."
    };
    let others = match count {
        1 => String::new(),
        _ => format!(" {} more are kept from it too.", count - 1),
    };
    Failure::new(
        FailureKind::NotAllowed,
        format!("{what} {}{others}", lacking.message),
    )
    .with_hint(CAN_GRANT)
}
