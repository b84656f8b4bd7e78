//! Finds tables, columns and all else that a database holds, or tells what it holds as a whole.

mod card;
mod cursor;
mod listing;
mod names;
mod overview;
mod ties;
mod withheld;

#[cfg(test)]
mod tests;

use domain::{
    Cancel, Failure,
    query::Dialect,
    schema::{
        Snapshot,
        name::unquoted,
        search::{Kind, Search, SearchIndex},
    },
};

use serde::Deserialize;

use self::{cursor::Cursor, ties::Ties};
use crate::{catalog_cache::Searchable, registry::OpenConnection};

/// How much is told of each thing that is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    Names,
    #[default]
    Summary,
    Full,
}

impl Detail {
    /// As they are written, the default in the middle.
    pub const WORDS: [&'static str; 3] = ["names", "summary", "full"];

    const fn default_bytes(self) -> usize {
        match self {
            Self::Names => 8_500,
            Self::Summary => 4_000,
            Self::Full => 12_000,
        }
    }

    const fn default_limit(self) -> usize {
        match self {
            Self::Names => MOST,
            Self::Summary | Self::Full => 20,
        }
    }
}

/// The request. What is left out has the defaults of its detail.
#[derive(Debug, Clone, Default)]
pub struct SearchSchema {
    pub search: Option<String>,
    pub kinds: Vec<Kind>,
    pub schema: Option<String>,
    pub detail: Detail,
    pub limit: Option<usize>,
    pub max_bytes: Option<usize>,
    pub cursor: Option<String>,
}

/// No answer tells more things than these, however short.
const MOST: usize = 10_000;
/// No answer fits into less than this.
const LEAST_BYTES: usize = 500;
/// An answer beyond this is no help to anybody; the cursor reads on.
const MOST_BYTES: usize = 1_000_000;
const OVERVIEW_BYTES: usize = 6_000;
/// What an answer from an outline says of itself.
const OUTLINE: &str = "This large schema is still being read: keys and estimates may be missing, and the order may change in some seconds.";

/// An answer, and how many things there are to be told of.
struct Told {
    text: String,
    total: usize,
}

/// What the parts of an answer are made of.
struct Guide<'a> {
    snapshot: &'a Snapshot,
    index: &'a SearchIndex,
    dialect: &'a dyn Dialect,
}

impl SearchSchema {
    /// The answer as JSON. It keeps within `max_bytes`, but for less than 500, and says what it leaves out.
    pub async fn execute(
        self,
        connection: &OpenConnection,
        cancel: &Cancel,
    ) -> Result<String, Failure> {
        let mut searchable = self.searchable(connection, cancel).await?;
        if let Some(schema) = &self.schema
            && schema_called(&searchable.snapshot, schema).is_err()
        {
            // Another session may just have made it.
            connection.catalog.doubt();
            searchable = self.searchable(connection, cancel).await?;
            if let Err(unknown) = schema_called(&searchable.snapshot, schema) {
                return Err(withheld::schema(schema, unknown, connection, cancel).await);
            }
        }
        let told = self.told(&searchable, &*connection.database.dialect)?;
        if told.total > 0 {
            return Ok(told.text);
        }
        self.told_of_nothing(told.text, &searchable.snapshot, connection, cancel)
            .await
    }

    async fn searchable(
        &self,
        connection: &OpenConnection,
        cancel: &Cancel,
    ) -> Result<Searchable, Failure> {
        if self.search_in(None).asks_for_names() {
            connection.named(cancel).await
        } else if self.can_do_with_an_outline() {
            connection.soon_searchable(cancel).await
        } else {
            connection.searchable(cancel).await
        }
    }

    /// As [`SearchSchema::execute`], from a schema that is at hand and of nothing but that.
    pub fn answer(self, searchable: &Searchable, dialect: &dyn Dialect) -> Result<String, Failure> {
        self.told(searchable, dialect).map(|told| told.text)
    }

    fn told(&self, searchable: &Searchable, dialect: &dyn Dialect) -> Result<Told, Failure> {
        let guide = Guide {
            snapshot: &searchable.snapshot,
            index: &searchable.index,
            dialect,
        };
        let schema = self
            .schema
            .as_deref()
            .map(|name| schema_called(guide.snapshot, name))
            .transpose()?;
        let search = self.search_in(schema);
        let notice = (searchable.is_outline && !search.asks_for_names()).then_some(OUTLINE);
        let room = notice.map_or(0, |notice| noticed(String::new(), notice).len());
        let bytes = |default: usize| {
            self.max_bytes
                .unwrap_or(default)
                .clamp(LEAST_BYTES, MOST_BYTES)
                .saturating_sub(room)
        };
        if search.text.is_none()
            && search.kinds.is_empty()
            && self.detail == Detail::Summary
            && self.cursor.is_none()
        {
            return Ok(guide.overview(search.schema.as_deref(), bytes(OVERVIEW_BYTES)));
        }
        let mut cursor = Cursor::new(&search, self.detail, guide.index.stamp(&search));
        if let Some(text) = &self.cursor {
            cursor = cursor.read(text)?;
        }
        let limit = self
            .limit
            .unwrap_or(self.detail.default_limit())
            .clamp(1, MOST);
        let found = guide
            .index
            .search(guide.snapshot, &search, cursor.offset, limit);
        let bytes = bytes(self.detail.default_bytes());
        let answer = match self.detail {
            Detail::Names => guide.names(&found, cursor, bytes),
            detail => guide.listing(&search, detail, &found, cursor, bytes),
        };
        Ok(Told {
            text: match notice {
                Some(notice) => noticed(answer, notice),
                None => answer,
            },
            total: found.total,
        })
    }
}

impl SearchSchema {
    /// Whether names, columns and comments answer it. An overview is about what hangs together, and indexes are not in
    /// an outline.
    fn can_do_with_an_outline(&self) -> bool {
        let search = self.search_in(None);
        search.text.is_some() && !search.kinds.contains(&Kind::Index)
    }

    fn search_in(&self, schema: Option<String>) -> Search {
        let text = self.search.clone();
        let text = text.filter(|text| !text.trim().is_empty());
        Search {
            by_name: text.is_none() && self.detail == Detail::Names,
            text,
            kinds: self.kinds.clone(),
            schema,
        }
    }
}

/// The schema of this name, in whatever letter case, with or without the quotes that an overview puts around it.
fn schema_called(snapshot: &Snapshot, name: &str) -> Result<String, Failure> {
    let written = name.trim();
    let unquoted = unquoted(written);
    let names = || snapshot.schemas.iter().map(|schema| &*schema.name);
    let lower = unquoted.to_lowercase();
    if let Some(known) = names()
        .find(|known| *known == written)
        .or_else(|| names().find(|known| *known == unquoted))
        .or_else(|| names().find(|known| known.to_lowercase() == lower))
    {
        return Ok(known.to_owned());
    }
    let failure = Failure::invalid_argument(snapshot.there_is_no(&format!("schema `{written}`")));
    Err(failure.with_hint(snapshot.schemas_instead_of(&unquoted)))
}

/// An answer that says something of itself as well.
fn noticed(mut answer: String, notice: &str) -> String {
    // In place of the last brace.
    answer.pop();
    answer + ",\"notice\":" + &json(notice) + "}"
}

/// JSON of what cannot fail to be JSON.
fn json(value: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// The beginning of a text that is told in passing.
fn beginning(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() <= most {
        return line;
    }
    let end = line.floor_char_boundary(most);
    format!("{}…", line.get(..end).unwrap_or_default())
}
