//! The parameters of a connection: their words, their checks, and the one builder that turns what was given,
//! wherever it came from, into a [`ConnectionConfig`](super::ConnectionConfig).
//!
//! Reading files and the environment is not here: whoever does it fills a [`Layer`] per source.

mod build;
mod check;
mod effective;
mod given;
mod layer;
mod merge;
mod parameter;
mod percent;
mod refuse;
mod url;
mod url_query;

pub use build::{Built, build};
pub use check::boolean;
pub use effective::effective;
pub use given::{Given, GivenValue, Origin};
pub use layer::{Keys, Layer};
pub use merge::{ExportedParameter, ExportedParameters};
pub use parameter::{Kind, OverMcp, Parameter, ParameterFacts, whole_number};
pub use refuse::{KEPT_SECRET, NAMED_FILE, mentions_variable};

#[cfg(test)]
mod tests;
