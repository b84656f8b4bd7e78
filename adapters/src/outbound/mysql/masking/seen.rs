//! What the database says of the tables and views that a statement names, and of those that its views read.
//!
//! Each is asked for by its own name: nothing waits for a table that the statement has nothing to do with.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Error, mysql::MySqlRow};

use super::{
    super::{
        named::{Named, Text},
        result,
        session::{MySqlSession, own_rows, quoted},
    },
    folded,
};

/// How long what was read of the schema is trusted: a view that somebody makes is known after that.
const TRUSTED: Duration = Duration::from_secs(2);
/// So many tables of one statement are looked at, and so many are remembered.
pub(super) const MOST: usize = 200;

/// Schema and table, as they are written.
pub(super) type Key = (String, String);

/// A table or view, or neither if it has no columns that can be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// In order, with whether it is generated.
    pub(super) columns: Vec<(String, bool)>,
    /// Of a view its text, empty where it is not shown.
    pub(super) definition: Option<String>,
    /// Its rows are those of other tables.
    pub(super) is_merged: bool,
}

/// What is known of the schema, for all sessions of a connection.
#[derive(Debug, Default)]
pub(in super::super) struct Known {
    tables: Mutex<HashMap<Key, (Instant, Arc<Seen>)>>,
    routines: Mutex<Option<(Instant, Arc<HashSet<String>>)>>,
}

/// All that is to be known about one statement.
#[derive(Debug, Default)]
pub(super) struct Sight {
    pub(super) tables: HashMap<Key, Arc<Seen>>,
    /// Functions that somebody has made in the connection's database, folded.
    pub(super) routines: Arc<HashSet<String>>,
}

impl Known {
    /// `None` if there is too much.
    pub(super) async fn sight(
        &self,
        session: &mut MySqlSession,
        named: &BTreeSet<Key>,
        database: &str,
    ) -> Result<Option<Sight>, Error> {
        let mut sight = Sight {
            routines: self.routines(session, database).await?,
            ..Sight::default()
        };
        let mut waiting: BTreeSet<Key> = named.clone();
        while !waiting.is_empty() {
            let missing: Vec<Key> = waiting
                .iter()
                .filter(|key| match self.known(key) {
                    Some(seen) => {
                        sight.tables.insert((*key).clone(), seen);
                        false
                    }
                    None => true,
                })
                .cloned()
                .collect();
            if sight.tables.len() + missing.len() > MOST {
                return Ok(None);
            }
            for (key, seen) in look(session, &missing).await? {
                let seen = Arc::new(seen);
                self.remember(&key, &seen);
                sight.tables.insert(key, seen);
            }
            waiting = waiting
                .iter()
                .filter_map(|key| sight.tables.get(key).map(|seen| (key, seen)))
                .flat_map(|(key, seen)| read_by(&key.0, seen))
                .filter(|key| !sight.tables.contains_key(key))
                .collect();
        }
        Ok(Some(sight))
    }

    fn known(&self, key: &Key) -> Option<Arc<Seen>> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, seen) = tables.get(key)?;
        (read.elapsed() < TRUSTED).then(|| Arc::clone(seen))
    }

    fn remember(&self, key: &Key, seen: &Arc<Seen>) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if tables.len() >= MOST {
            tables.retain(|_, (read, _)| read.elapsed() < TRUSTED);
        }
        tables.insert(key.clone(), (Instant::now(), Arc::clone(seen)));
    }

    async fn routines(
        &self,
        session: &mut MySqlSession,
        database: &str,
    ) -> Result<Arc<HashSet<String>>, Error> {
        let known = self
            .routines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((read, routines)) = known
            && read.elapsed() < TRUSTED
        {
            return Ok(routines);
        }
        let reading = Instant::now();
        let ask = format!(
            "SELECT routine_name FROM information_schema.routines WHERE routine_schema = {}",
            quoted(database)
        );
        let rows = own_rows(&mut session.connection, ask).await?;
        session.asked(1);
        let names = rows.iter().filter_map(|row| result::text(row, 0));
        let routines: Arc<HashSet<String>> = Arc::new(names.map(|name| folded(&name)).collect());
        *self.routines.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((reading, Arc::clone(&routines)));
        Ok(routines)
    }
}

/// Asks for each by its own name, in one message: `MariaDB` would open every table otherwise.
async fn look(session: &mut MySqlSession, keys: &[Key]) -> Result<Vec<(Key, Seen)>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let asks: Vec<String> = keys
        .iter()
        .enumerate()
        .map(|(at, (schema, table))| {
            let place = format!(
                "table_schema = {} AND table_name = {}",
                quoted(schema),
                quoted(table)
            );
            format!(
                "SELECT {at}, 'column', column_name, COALESCE(generation_expression, '') <> '' \
                 FROM information_schema.columns WHERE {place} ORDER BY ordinal_position; \
                 SELECT {at}, 'view', view_definition FROM information_schema.views WHERE {place}; \
                 SELECT {at}, 'merged' FROM information_schema.tables WHERE {place} AND engine LIKE 'MRG%'"
            )
        })
        .collect();
    let rows = own_rows(&mut session.connection, asks.join("; ")).await?;
    session.asked(
        u64::try_from(keys.len())
            .unwrap_or(u64::MAX)
            .saturating_mul(3),
    );
    let mut seen: Vec<(Key, Seen)> = keys
        .iter()
        .map(|key| (key.clone(), Seen::default()))
        .collect();
    for row in &rows {
        note(&mut seen, row);
    }
    Ok(seen)
}

fn note(seen: &mut [(Key, Seen)], row: &MySqlRow) {
    let text = |column| result::text(row, column).unwrap_or_default();
    let at: Option<usize> = text(0).parse().ok();
    let Some((_, seen)) = at.and_then(|at| seen.get_mut(at)) else {
        return;
    };
    match text(1).as_str() {
        "column" => seen.columns.push((text(2), text(3) == "1")),
        "view" => seen.definition = Some(text(2)),
        _ => seen.is_merged = true,
    }
}

/// The tables of a view's text.
pub(super) fn read_by(schema: &str, seen: &Seen) -> Vec<Key> {
    let Some(definition) = &seen.definition else {
        return Vec::new();
    };
    let Some(Ok(tables)) = Text::of(definition).map(|text| text.tables()) else {
        return Vec::new();
    };
    tables
        .into_iter()
        .map(|(_, named)| key(named, schema))
        .collect()
}

pub(super) fn key(named: Named, database: &str) -> Key {
    (
        named.schema.unwrap_or_else(|| database.to_owned()),
        named.name,
    )
}
