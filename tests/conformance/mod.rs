//! What every engine must do, through the ports alone: no policy and no use case stands in between, but in `guide`,
//! which is about what use cases make of each engine's catalog.
//!
//! Each fact runs on every database of the suite. What an engine calls things is in `support::subject`.

mod cursors;
mod faults;
mod guide;
mod helpers;
mod limits;
mod mistakes;
mod outages;
mod parameters;
mod pool;
mod profile;
mod races;
mod read_only;
mod reading;
mod refusals;
mod sessions;
mod stopping;
mod writing;
