//! Results as text: sinks that write the final answer while the rows arrive.
//!
//! A result is held once, as the bytes that go out. Which JSON a value becomes is decided in [`json_value`], for
//! every format alike.

mod answer;
mod csv;
mod json_value;
mod markdown;
mod notices;
mod paged;
mod profile;

use serde::{Deserialize, Serialize};

pub use answer::{Answer, AnswerSink};
pub(crate) use paged::{Gone, Page, PagedSink, Wanted};
pub use profile::MOST_BYTES as MOST_PROFILE_BYTES;

/// How the rows of an answer are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Rows as arrays, in the order of the columns.
    #[default]
    Json,
    /// Rows as objects.
    Objects,
    /// RFC 4180 text with a header line, in a string field.
    Csv,
    /// A table in GitHub's Markdown, in a string field.
    Markdown,
}

impl Format {
    pub const WORDS: [(&'static str, Self); 4] = [
        ("json", Self::Json),
        ("objects", Self::Objects),
        ("csv", Self::Csv),
        ("markdown", Self::Markdown),
    ];
}
