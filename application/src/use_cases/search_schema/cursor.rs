//! Where a search is read on from.

use std::hash::{DefaultHasher, Hash, Hasher};

use domain::{Failure, schema::search::Search};

use super::Detail;

/// Opaque to callers: the place, what was asked, and the schema that it was asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) offset: usize,
    request: u32,
    schema: u32,
}

impl Cursor {
    pub(super) fn new(search: &Search, detail: Detail, stamp: u64) -> Self {
        let mut hasher = DefaultHasher::new();
        (&search.text, &search.kinds, &search.schema, detail).hash(&mut hasher);
        Self {
            offset: 0,
            request: low(hasher.finish()),
            schema: low(stamp),
        }
    }

    /// The cursor that `text` is. It must have come from the same request on the same schema as this one.
    pub(super) fn read(self, text: &str) -> Result<Self, Failure> {
        let mut parts = text
            .splitn(3, '-')
            .map(|part| u32::from_str_radix(part, 16));
        let (Some(Ok(offset)), Some(Ok(request)), Some(Ok(schema))) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(
                Failure::invalid_argument("The cursor is none that search_schema gave.")
                    .with_hint("Pass the `cursor` of the answer before as it is, or leave it out to begin anew."),
            );
        };
        if request != self.request {
            return Err(
                Failure::invalid_argument("The cursor belongs to another search.").with_hint(
                    "Repeat `search`, `kinds`, `schema` and `detail` as they were when the cursor was given.",
                ),
            );
        }
        if schema != self.schema {
            return Err(Failure::invalid_argument(
                "The schema has changed since the cursor was given.",
            )
            .with_hint("Search again without `cursor`."));
        }
        Ok(Self {
            offset: offset as usize,
            ..self
        })
    }

    pub(super) fn at(self, offset: usize) -> String {
        format!("{offset:x}-{:x}-{:x}", self.request, self.schema)
    }
}

fn low(hash: u64) -> u32 {
    u32::try_from(hash & u64::from(u32::MAX)).unwrap_or(0)
}
