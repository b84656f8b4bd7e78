//! Who may sign in: what a file says under `identity`.

mod issuers;
mod section;
mod tokens;

pub(super) use section::{Surroundings, read};
pub(crate) use tokens::{is_name, shown};
