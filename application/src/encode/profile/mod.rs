//! What the columns of a page hold, told beside its rows: computed while they are read, in bounded memory.

mod column;
mod distinct;
mod frequent;
mod page;
mod value;

pub use page::MOST_BYTES;
pub(super) use page::Profile;
