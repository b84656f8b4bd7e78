//! Tables and the keys between them, as a graph that is walked in both directions.

use std::collections::VecDeque;

use crate::schema::snapshot::{ForeignKey, RelationId};

/// The keys of each table, one table after the other: a list a table would take longer to make than to walk.
pub(super) struct Graph<'keys> {
    keys: &'keys [ForeignKey],
    /// Where the keys of a table begin in `places`; one more than there are tables.
    begins: Vec<u32>,
    /// Places in `keys`.
    places: Vec<u32>,
}

const UNREACHED: u32 = u32::MAX;

impl<'keys> Graph<'keys> {
    pub(super) fn new(tables: usize, keys: &'keys [ForeignKey]) -> Self {
        let mut begins = vec![0_u32; tables + 1];
        let ends = |key: &ForeignKey| [key.from.0 as usize, key.to.0 as usize];
        let edges = || (0_u32..).zip(keys).filter(|(_, key)| key.from != key.to);
        for (_, key) in edges() {
            for end in ends(key) {
                if let Some(count) = begins.get_mut(end + 1) {
                    *count += 1;
                }
            }
        }
        let mut sum = 0;
        for begin in &mut begins {
            sum += *begin;
            *begin = sum;
        }
        let mut next = begins.clone();
        let mut places = vec![0_u32; sum as usize];
        for (place, key) in edges() {
            for end in ends(key) {
                if let Some(slot) = next.get_mut(end) {
                    if let Some(free) = places.get_mut(*slot as usize) {
                        *free = place;
                    }
                    *slot += 1;
                }
            }
        }
        Self {
            keys,
            begins,
            places,
        }
    }

    /// Each key of a table with the table at its other end.
    fn around(&self, table: RelationId) -> impl Iterator<Item = (usize, RelationId)> + '_ {
        let begin = |at: usize| self.begins.get(at).map_or(0, |begin| *begin as usize);
        let range = begin(table.0 as usize)..begin(table.0 as usize + 1);
        self.places
            .get(range)
            .unwrap_or_default()
            .iter()
            .filter_map(move |place| {
                let key = self.keys.get(*place as usize)?;
                let other = if key.from == table { key.to } else { key.from };
                Some((*place as usize, other))
            })
    }

    /// The shortest chains as places of keys: all of them, but no more than `most`.
    pub(super) fn shortest(
        &self,
        from: RelationId,
        to: RelationId,
        most: usize,
    ) -> Vec<Vec<usize>> {
        if from == to {
            return self
                .keys
                .iter()
                .enumerate()
                .filter(|(_, key)| key.from == from && key.to == from)
                .map(|(place, _)| vec![place])
                .take(most)
                .collect();
        }
        let distances = self.distances(to, Some(from));
        let distance = |table: RelationId| {
            distances
                .get(table.0 as usize)
                .copied()
                .unwrap_or(UNREACHED)
        };
        if distance(from) == UNREACHED {
            return Vec::new();
        }
        // Each unfinished chain ends at a table that leads on, so none is followed in vain.
        let mut chains = Vec::new();
        let mut open = vec![(from, Vec::new())];
        while let Some((at, chain)) = open.pop() {
            if at == to {
                chains.push(chain);
                if chains.len() == most {
                    break;
                }
                continue;
            }
            let mut nearer: Vec<_> = self
                .around(at)
                .filter(|(_, other)| distance(*other) < distance(at))
                .take(most)
                .collect();
            nearer.reverse();
            for (place, other) in nearer {
                let mut longer = chain.clone();
                longer.push(place);
                open.push((other, longer));
            }
        }
        chains
    }

    /// All tables that can be come to, the nearest first.
    pub(super) fn reach(&self, from: RelationId) -> Vec<RelationId> {
        let mut seen = vec![false; self.begins.len()];
        let mut reached = vec![from];
        let mut at = 0;
        if let Some(seen) = seen.get_mut(from.0 as usize) {
            *seen = true;
        }
        while let Some(table) = reached.get(at).copied() {
            at += 1;
            for (_, other) in self.around(table) {
                if let Some(seen) = seen.get_mut(other.0 as usize)
                    && !std::mem::replace(seen, true)
                {
                    reached.push(other);
                }
            }
        }
        reached.remove(0);
        reached
    }

    /// How many keys lie between each table and `from`, as far as it takes to come to `until`.
    fn distances(&self, from: RelationId, until: Option<RelationId>) -> Vec<u32> {
        let mut distances = vec![UNREACHED; self.begins.len()];
        if let Some(distance) = distances.get_mut(from.0 as usize) {
            *distance = 0;
        }
        let mut waiting = VecDeque::from([(from, 0)]);
        while let Some((table, so_far)) = waiting.pop_front() {
            if Some(table) == until {
                break;
            }
            for (_, other) in self.around(table) {
                if let Some(distance) = distances.get_mut(other.0 as usize)
                    && *distance == UNREACHED
                {
                    *distance = so_far + 1;
                    waiting.push_back((other, so_far + 1));
                }
            }
        }
        distances
    }
}
