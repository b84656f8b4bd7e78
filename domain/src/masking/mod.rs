//! What of a result nobody may see: which columns, and what is shown in place of their values.
//!
//! Where a value comes from is the engines' knowledge; what may be done with a masked column in a statement is judged
//! beside them, from its text.

mod cells;
mod mask;
mod rules;

pub use cells::Masks;
pub use mask::{Mask, MaskKey};
pub use rules::MaskRules;

/// What a connection masks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masking {
    pub rules: MaskRules,
    /// What hashes are made with. Without it, what would be hashed is not shown at all.
    pub key: Option<MaskKey>,
}
