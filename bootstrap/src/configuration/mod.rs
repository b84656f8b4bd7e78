//! Everything that was configured, from every source, with every mistake in it. Nothing is connected here.

mod file;
mod files_named;
mod identity;
mod interpolate;
mod load;
mod roles;
mod section;
mod syntax;
mod variables;

pub(crate) use identity::{is_name as is_principal_name, shown as shown_instant};
pub use load::{Configuration, Ignored, Inputs, NamedUrl};
