//! The columns of views and virtual tables: each is found out by itself, so that a broken one harms no other.
//!
//! `SQLite` follows views by recursion without end, and copies a view for each place where it is named. Files come from
//! anywhere, and a chain of a few thousand views overflows the stack, which ends the process. So it is counted first.

use std::{
    collections::{HashMap, HashSet},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use domain::{Cancel, Failure};

use super::{
    super::{
        super::pool::{Pool, must_end},
        depth,
        query_runner::acquire,
        schema::Unread,
        session::SqliteSession,
    },
    facts::{Column, Facts, Kind, folded},
    text,
};

/// The most SELECTs and parentheses of a view, with those of the views that it reads from. Far below what the stack holds:
/// the time that `SQLite` takes grows with the square.
const MAX_WEIGHT: usize = 300;

/// Fills in the columns that can be found out.
pub(super) async fn find_columns(
    facts: &mut Facts,
    too_heavy: &HashSet<String>,
    pool: &Arc<Pool<SqliteSession>>,
    time: Duration,
    cancel: &Cancel,
) -> Result<(), Failure> {
    for table in &mut facts.tables {
        table.is_too_heavy = table.kind == Kind::View && too_heavy.contains(&folded(&table.name));
    }
    let (places, statements): (Vec<usize>, Vec<String>) = facts
        .tables
        .iter()
        .enumerate()
        .filter(|(_, table)| table.kind != Kind::Table && !table.is_too_heavy)
        .map(|(place, table)| {
            let name = table.name.replace('"', "\"\"");
            (place, format!("SELECT * FROM main.\"{name}\""))
        })
        .unzip();
    if statements.is_empty() {
        return Ok(());
    }
    let found = ask(pool, statements, time, cancel).await?;
    for (place, columns) in places.into_iter().zip(found) {
        if let Some(table) = facts.tables.get_mut(place) {
            table.columns = columns.map(|columns| {
                columns
                    .into_iter()
                    .map(|(name, declared)| Column {
                        name,
                        type_name: declared.unwrap_or_default(),
                        ..Column::default()
                    })
                    .collect()
            });
        }
    }
    Ok(())
}

type Columns = Option<Vec<(String, Option<String>)>>;

async fn ask(
    pool: &Arc<Pool<SqliteSession>>,
    statements: Vec<String>,
    time: Duration,
    cancel: &Cancel,
) -> Result<Vec<Columns>, Failure> {
    let (mut lease, changed) = acquire(pool, cancel).await?;
    let ending = pin!(must_end(cancel, pool.closing(), time));
    let found = tokio::select! {
        biased;
        found = async {
            if changed {
                lease.freshen().await.map_err(Unread::into_failure)?;
            }
            lease.columns_of(statements).await
        } => found,
        failure = ending => Err(failure),
    };
    if found.is_ok() {
        lease.put_back();
    } else {
        lease.interrupt();
        pool.spawn_ending(lease.discard());
    }
    found
}

/// The views, in lower case, that go too deep to be read.
pub(super) fn too_heavy<'a>(views: impl Iterator<Item = (&'a str, &'a str)>) -> HashSet<String> {
    let texts: HashMap<String, &str> = views.map(|(name, sql)| (folded(name), sql)).collect();
    let views: HashMap<&str, View<'_>> = texts
        .iter()
        .map(|(name, sql)| (name.as_str(), View::of(name, sql, &texts)))
        .collect();
    let mut weights: HashMap<&str, usize> = HashMap::new();
    for name in views.keys() {
        weigh(name, &views, &mut weights);
    }
    weights
        .into_iter()
        .filter(|(_, weight)| *weight > MAX_WEIGHT)
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// A view by itself.
struct View<'a> {
    weight: usize,
    /// The views that it names, once for each place.
    named: Vec<&'a str>,
}

impl<'a> View<'a> {
    fn of(name: &str, sql: &str, texts: &'a HashMap<String, &str>) -> Self {
        let (parentheses, selects) = depth::measure(sql.as_bytes());
        Self {
            weight: 1 + parentheses + selects,
            // Past the words CREATE VIEW and its own name.
            named: text::tokens(sql)
                .iter()
                .skip(3)
                .filter_map(|token| texts.get_key_value(&folded(&token.name())))
                .map(|(named, _)| named.as_str())
                .filter(|named| *named != name)
                .collect(),
        }
    }
}

/// Adds up the weight of a view and of all that it reads from. Not by recursion: a chain may be as long as the file
/// likes. In a circle, which `SQLite` refuses as soon as it comes round, a view counts once.
fn weigh<'a>(
    name: &'a str,
    views: &HashMap<&'a str, View<'a>>,
    weights: &mut HashMap<&'a str, usize>,
) {
    let mut path = vec![(name, 0)];
    let mut on_path = HashSet::from([name]);
    while let Some((name, next)) = path.last_mut() {
        let Some(view) = views.get(name) else {
            return;
        };
        if let Some(named) = view
            .named
            .get(*next)
            .filter(|_| !weights.contains_key(name))
        {
            *next += 1;
            if !weights.contains_key(named) && on_path.insert(named) {
                path.push((named, 0));
            }
            continue;
        }
        let below = view.named.iter().filter_map(|named| weights.get(named));
        let weight = below.fold(view.weight, |sum, weight| sum.saturating_add(*weight));
        weights.entry(name).or_insert(weight);
        on_path.remove(name);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heavy(views: &[(String, String)]) -> Vec<String> {
        let views = views
            .iter()
            .map(|(name, sql)| (name.as_str(), sql.as_str()));
        let mut heavy: Vec<String> = too_heavy(views).into_iter().collect();
        heavy.sort();
        heavy
    }

    fn view(name: &str, query: &str) -> (String, String) {
        (name.to_owned(), format!("CREATE VIEW {name} AS {query}"))
    }

    #[test]
    fn views_on_views_are_read() {
        let views: Vec<_> = (1..50)
            .map(|index| {
                view(
                    &format!("v{index}"),
                    &format!("SELECT * FROM v{}", index - 1),
                )
            })
            .collect();

        assert_eq!(heavy(&views), [""; 0]);
    }

    #[test]
    fn a_chain_without_end_is_not() {
        let views: Vec<_> = (1..5_000)
            .map(|index| {
                view(
                    &format!("v{index}"),
                    &format!("SELECT * FROM V{}", index - 1),
                )
            })
            .collect();

        // Each weighs two, and so the first hundred and fifty are read.
        assert_eq!(heavy(&views).len(), 4_999 - 150);
    }

    #[test]
    fn what_doubles_each_time_is_not() {
        let mut views = vec![view("v0", "SELECT 1 AS x")];
        views.extend((1..=10).map(|index| {
            let below = index - 1;
            view(
                &format!("v{index}"),
                &format!("SELECT a.x FROM v{below} a, 'v{below}' b"),
            )
        }));

        assert_eq!(heavy(&views), ["v10", "v7", "v8", "v9"]);
    }

    #[test]
    fn a_circle_ends() {
        let views = [view("a", "SELECT * FROM b"), view("b", "SELECT * FROM a")];

        assert_eq!(heavy(&views), [""; 0]);
    }
}
