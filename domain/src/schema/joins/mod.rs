//! How tables hang together: the shortest chains of keys between two of them.

mod graph;
mod guess;
mod sql;
#[cfg(test)]
mod tests;

use self::graph::Graph;
use super::snapshot::{ForeignKey, RelationId, Snapshot};

/// A chain of joins from one table to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinPath {
    pub steps: Vec<Step>,
}

/// One join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub from: RelationId,
    pub columns: Box<[u16]>,
    pub to: RelationId,
    /// In the order of `columns`.
    pub to_columns: Box<[u16]>,
    /// Whether the key points from the first table to the second.
    pub to_parent: bool,
    /// Whether nothing but the columns' names and types speaks for it.
    pub is_guess: bool,
}

/// What was found between two tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JoinPaths {
    /// The likeliest first.
    pub paths: Vec<JoinPath>,
    /// How many are as short; no more than [`MOST_COUNTED`] are counted.
    pub total: usize,
}

/// So many chains of one length are compared; beyond them none is likelier than the ones there are.
pub const MOST_COUNTED: usize = 100;

/// The shortest chains over foreign keys, in either direction. From a table to itself: its keys to itself.
pub fn join_paths(snapshot: &Snapshot, from: RelationId, to: RelationId, most: usize) -> JoinPaths {
    chains(snapshot, &snapshot.foreign_keys, from, to, most)
}

/// As [`join_paths`], with columns that look like keys counted as keys. For where there are no declared ones.
pub fn guessed_paths(
    snapshot: &Snapshot,
    from: RelationId,
    to: RelationId,
    most: usize,
) -> JoinPaths {
    let mut keys = snapshot.foreign_keys.clone();
    keys.extend(guess::keys(snapshot));
    chains(snapshot, &keys, from, to, most)
}

/// The tables that foreign keys lead to from one, the nearest first.
pub fn reach(snapshot: &Snapshot, from: RelationId) -> Vec<RelationId> {
    Graph::new(snapshot.relations.len(), &snapshot.foreign_keys).reach(from)
}

fn chains(
    snapshot: &Snapshot,
    keys: &[ForeignKey],
    from: RelationId,
    to: RelationId,
    most: usize,
) -> JoinPaths {
    let declared = snapshot.foreign_keys.len();
    let mut paths: Vec<JoinPath> = Vec::new();
    for chain in Graph::new(snapshot.relations.len(), keys).shortest(from, to, MOST_COUNTED) {
        let mut steps = Vec::with_capacity(chain.len());
        let mut at = from;
        for place in chain {
            let Some(key) = keys.get(place) else {
                continue;
            };
            let step = step(key, at, place >= declared);
            at = step.to;
            steps.push(step);
        }
        let path = JoinPath { steps };
        // A key that is declared twice makes no other chain.
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let total = paths.len();
    paths.sort_by_key(|path| (path.guesses(), path.detours().len(), path.multiplying()));
    paths.truncate(most);
    JoinPaths { paths, total }
}

fn step(key: &ForeignKey, at: RelationId, is_guess: bool) -> Step {
    if key.from == at {
        Step {
            from: key.from,
            columns: key.columns.clone(),
            to: key.to,
            to_columns: key.referenced.clone(),
            to_parent: true,
            is_guess,
        }
    } else {
        Step {
            from: key.to,
            columns: key.referenced.clone(),
            to: key.from,
            to_columns: key.columns.clone(),
            to_parent: false,
            is_guess,
        }
    }
}

impl JoinPath {
    fn guesses(&self) -> usize {
        self.steps.iter().filter(|step| step.is_guess).count()
    }

    fn multiplying(&self) -> usize {
        self.steps.iter().filter(|step| !step.to_parent).count()
    }

    /// The tables through which children of one parent meet: all with all of that parent, which is seldom meant.
    pub fn detours(&self) -> Vec<RelationId> {
        self.steps
            .iter()
            .zip(self.steps.iter().skip(1))
            .filter(|(one, next)| one.to_parent && !next.to_parent)
            .map(|(one, _)| one.to)
            .collect()
    }
}

impl Step {
    /// How many rows come of each one, in hundredths, as far as the server's estimates tell.
    pub fn factor(&self, snapshot: &Snapshot) -> Option<u32> {
        const ONE: u32 = 100;
        let (from, to) = (snapshot.relation(self.from)?, snapshot.relation(self.to)?);
        let is_one = to.keys.iter().any(|key| {
            key.columns
                .iter()
                .all(|column| self.to_columns.contains(column))
        });
        if self.to_parent {
            return is_one.then_some(ONE);
        }
        let rows = from.estimated_rows.filter(|rows| *rows > 0)?;
        let factor = u128::from(to.estimated_rows?) * u128::from(ONE) / u128::from(rows);
        let factor = u32::try_from(factor).unwrap_or(u32::MAX);
        Some(if is_one { factor.min(ONE) } else { factor })
    }

    /// Whether a row may have nothing on the other side because its columns are null.
    pub fn is_optional(&self, snapshot: &Snapshot) -> bool {
        self.to_parent
            && snapshot.relation(self.from).is_some_and(|from| {
                self.columns
                    .iter()
                    .filter_map(|column| from.columns.get(usize::from(*column)))
                    .any(|column| column.nullable)
            })
    }
}
