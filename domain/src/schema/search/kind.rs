//! What can be found, and its words.

use crate::{
    Failure,
    nearest::nearest,
    schema::snapshot::{RelationId, Snapshot},
};

/// A kind of things in a database, as callers choose among them. In the order in which equals are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Table,
    View,
    Column,
    Routine,
    Type,
    Schema,
    Sequence,
    Index,
    Trigger,
}

impl Kind {
    pub const WORDS: [(&'static str, Self); 9] = [
        ("schema", Self::Schema),
        ("table", Self::Table),
        ("view", Self::View),
        ("column", Self::Column),
        ("index", Self::Index),
        ("routine", Self::Routine),
        ("trigger", Self::Trigger),
        ("sequence", Self::Sequence),
        ("type", Self::Type),
    ];

    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("", |(word, _)| word)
    }

    /// Reads a word, in any letter case, in the singular or the plural.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let lower = text.trim().to_lowercase();
        let found = Self::WORDS.iter().find(|(word, _)| {
            *word == lower
                || lower.strip_suffix('s') == Some(word)
                || (lower == "indexes" && *word == "index")
        });
        if let Some((_, kind)) = found {
            return Ok(*kind);
        }
        let words = Self::WORDS.map(|(word, _)| word);
        Err(
            Failure::invalid_argument(format!("`{text}` is no kind of thing to search for."))
                .with_hint(match nearest(&lower, words) {
                    Some(meant) => format!("Did you mean `{meant}`?"),
                    None => format!("Kinds: {}.", words.join(", ")),
                }),
        )
    }
}

/// One thing in a snapshot, by its place in the list of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    Relation(RelationId),
    Column(RelationId, u16),
    Routine(u32),
    Type(u32),
    Schema(u32),
    Sequence(u32),
    Index(u32),
    Trigger(u32),
}

impl Item {
    /// Its kind; a relation is a table or a view.
    pub fn kind(self, snapshot: &Snapshot) -> Kind {
        match self {
            Self::Relation(id)
                if snapshot
                    .relation(id)
                    .is_some_and(|relation| relation.kind.is_view()) =>
            {
                Kind::View
            }
            Self::Relation(_) => Kind::Table,
            Self::Column(..) => Kind::Column,
            Self::Routine(_) => Kind::Routine,
            Self::Type(_) => Kind::Type,
            Self::Schema(_) => Kind::Schema,
            Self::Sequence(_) => Kind::Sequence,
            Self::Index(_) => Kind::Index,
            Self::Trigger(_) => Kind::Trigger,
        }
    }
}

/// A place in a list as the small number that is kept of it.
pub(super) fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_as_people_write_it() {
        assert_eq!(Kind::parse("Tables").unwrap(), Kind::Table);
        assert_eq!(Kind::parse("indexes").unwrap(), Kind::Index);
        let failure = Kind::parse("colum").unwrap_err();
        assert_eq!(failure.hint.as_deref(), Some("Did you mean `column`?"));
    }
}
