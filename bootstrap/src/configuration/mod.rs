//! Everything that was configured, from every source, with every mistake in it. Nothing is connected here.

mod file;
mod files_named;
mod interpolate;
mod load;
mod syntax;
mod variables;

pub use load::{Configuration, Ignored, Inputs, NamedUrl};
