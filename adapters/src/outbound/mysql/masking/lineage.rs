//! What of the tables that a statement names is masked.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::masking::{Mask, MaskRules};

use super::{
    super::{
        super::masking::{Relation, Token},
        named::Text,
        telling::tells_values,
        text,
    },
    folded,
    seen::{Key, MOST, Seen, Sight, key},
    tokens_of,
    views::{self, Item},
};

/// Names are folded. Those that differ in nothing but case are taken for one.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    tables: HashMap<Key, Columns>,
    pub(super) relations: Vec<Relation>,
    /// Tables and views of which nobody knows what they read.
    pub(super) closed: HashSet<String>,
    /// Names of views that read masked columns, or may.
    pub(super) views: HashSet<String>,
}

/// What is masked of a table, and what is not.
type Columns = BTreeMap<String, Option<Mask>>;

/// What one table or view shows.
#[derive(Debug, Clone, Default)]
struct Shown {
    columns: Columns,
    /// Some of it is masked, or may be.
    is_guarded: bool,
}

impl Lineage {
    pub(super) fn of<'a>(
        named: impl Iterator<Item = &'a Key>,
        sight: &Sight,
        rules: &MaskRules,
    ) -> Self {
        let mut lineage = Self::default();
        for key in named {
            let Some(seen) = sight.tables.get(key) else {
                continue;
            };
            let name = folded(&key.1);
            if seen.is_merged {
                lineage.closed.insert(name);
                continue;
            }
            // What is called so by the statement itself, or is not there.
            if seen.columns.is_empty() && seen.definition.is_none() {
                continue;
            }
            let shown = Looking { sight, rules }.shown(key, MOST);
            if seen.definition.is_some() && shown.is_guarded {
                if shown.columns.is_empty() {
                    lineage.closed.insert(name.clone());
                }
                lineage.views.insert(name.clone());
            }
            // A name that begins with a digit is not always read as one.
            let begins = |column: &String| column.starts_with(|first: char| first.is_ascii_digit());
            if shown
                .columns
                .iter()
                .any(|(column, mask)| mask.is_some() && begins(column))
            {
                lineage.closed.insert(name.clone());
            }
            lineage.add((folded(&key.0), name), shown.columns);
        }
        lineage.name_relations();
        lineage
    }

    /// Of two that are written alike the stricter counts.
    fn add(&mut self, key: Key, columns: Columns) {
        let known = self.tables.entry(key).or_default();
        for (column, mask) in columns {
            let known = known.entry(column).or_default();
            *known = (*known).max(mask);
        }
    }

    fn name_relations(&mut self) {
        let mut relations: BTreeMap<String, Relation> = BTreeMap::new();
        for ((_, name), columns) in &self.tables {
            if columns.values().all(Option::is_none) {
                continue;
            }
            let relation = relations.entry(name.clone()).or_insert_with(|| Relation {
                name: name.clone(),
                columns: BTreeMap::new(),
            });
            for (column, mask) in columns {
                let known = relation.columns.entry(column.clone()).or_default();
                *known = (*known).max(*mask);
            }
        }
        self.relations = relations.into_values().collect();
    }

    /// What masks a column of a table, by its folded names; what the text does not name is judged by its own name.
    pub(super) fn mask_of(&self, key: &Key, column: &str, rules: &MaskRules) -> Option<Mask> {
        match self.tables.get(key) {
            Some(columns) => columns.get(column).copied().flatten(),
            None => rules.says(&key.0, &key.1, column).and_then(hiding),
        }
    }

    /// What masks columns of this name in any of the tables.
    pub(super) fn mask_of_name(&self, column: &str) -> Option<Mask> {
        self.relations
            .iter()
            .filter_map(|relation| relation.columns.get(column).copied().flatten())
            .max()
    }
}

#[derive(Clone, Copy)]
struct Looking<'a> {
    sight: &'a Sight,
    rules: &'a MaskRules,
}

impl Looking<'_> {
    /// What rules say of a column by its name, exceptions included.
    fn said(&self, key: &Key, column: &str) -> Option<Mask> {
        self.rules.says(&key.0, &key.1, column)
    }

    /// Whether rules mask it.
    fn masks(&self, key: &Key, column: &str) -> bool {
        self.said(key, column)
            .is_some_and(|mask| mask != Mask::Shown)
    }

    /// `further`: how many views may still be followed.
    fn shown(&self, key: &Key, further: usize) -> Shown {
        let unknown = Shown {
            is_guarded: true,
            ..Shown::default()
        };
        let Some(seen) = self.sight.tables.get(key) else {
            return unknown;
        };
        match &seen.definition {
            _ if seen.is_merged => unknown,
            Some(definition) => self.view(key, seen, definition, further),
            None if seen.columns.is_empty() => unknown,
            None => self.table(key, seen),
        }
    }

    fn table(&self, key: &Key, seen: &Seen) -> Shown {
        let mut shown = Shown::default();
        for (column, _) in &seen.columns {
            shown.is_guarded |= self.masks(key, column);
            shown
                .columns
                .insert(folded(column), self.said(key, column).and_then(hiding));
        }
        for (column, is_generated) in &seen.columns {
            if *is_generated && shown.is_guarded && self.said(key, column).is_none() {
                shown.columns.insert(folded(column), Some(Mask::Full));
            }
        }
        shown
    }

    fn view(&self, view: &Key, seen: &Seen, definition: &str, further: usize) -> Shown {
        let read = further
            .checked_sub(1)
            .and_then(|further| self.read(&view.0, definition, further));
        let is_guarded = read.as_ref().is_none_or(|read| {
            read.tables.iter().any(|(key, shown)| {
                shown.is_guarded || read.names.iter().any(|name| self.masks(key, name))
            })
        });
        let items = read.as_ref().and_then(|read| {
            let items = views::followed(&read.tokens)?;
            (items.len() == seen.columns.len()).then_some(items)
        });
        let mut shown = Shown {
            is_guarded,
            ..Shown::default()
        };
        for (place, (column, _)) in seen.columns.iter().enumerate() {
            let mask = match (self.said(view, column), &read) {
                (Some(said), _) => hiding(said),
                (None, _) if !is_guarded => None,
                (None, Some(read)) => match items.as_ref().and_then(|items| items.get(place)) {
                    Some(item) => self.item(read, item),
                    None => Some(Mask::Full),
                },
                (None, None) => Some(Mask::Full),
            };
            shown.is_guarded |= mask.is_some();
            shown.columns.insert(folded(column), mask);
        }
        shown
    }

    /// What masks a column of a view.
    fn item(&self, read: &Read, item: &Item) -> Option<Mask> {
        let Item::Column(origin) = item else {
            return Some(Mask::Full);
        };
        let known = read.tables.iter().find(|(key, _)| {
            (folded(&key.0).as_str(), folded(&key.1).as_str())
                == (origin.schema.as_str(), origin.table.as_str())
        });
        let Some((key, shown)) = known else {
            return Some(Mask::Full);
        };
        match shown.columns.get(&origin.column) {
            Some(mask) => *mask,
            // Who may not see the table may still see what a view shows of it.
            None => hiding(self.said(key, &origin.column).unwrap_or(Mask::Full)),
        }
    }

    /// What a view reads; `None` if that cannot be told.
    fn read(&self, schema: &str, definition: &str, further: usize) -> Option<Read> {
        let lexed = text::lexed(definition);
        let text = Text::of(definition).filter(|_| !definition.is_empty())?;
        // The server writes its own functions plainly, and those that somebody has made with their database.
        if text.calls().any(|(_, called)| !called.is_built_in()) {
            return None;
        }
        let tokens = tokens_of(&lexed);
        if tells_values(&tokens).is_some() {
            return None;
        }
        let tables: Vec<(Key, Shown)> = text
            .tables()
            .ok()?
            .into_iter()
            // Tables always stand there with their database; what does not is what a query is called by WITH.
            .filter(|(_, named)| named.schema.is_some())
            .map(|(_, named)| {
                let key = key(named, schema);
                let shown = self.shown(&key, further);
                (key, shown)
            })
            .collect();
        Some(Read {
            names: tokens
                .iter()
                .filter(|token| token.is_name())
                .map(|token| token.text.clone())
                .collect(),
            tokens,
            tables,
        })
    }
}

fn hiding(mask: Mask) -> Option<Mask> {
    Some(mask).filter(|mask| *mask != Mask::Shown)
}

struct Read {
    tokens: Vec<Token>,
    names: HashSet<String>,
    tables: Vec<(Key, Shown)>,
}
