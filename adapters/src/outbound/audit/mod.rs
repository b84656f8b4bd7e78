//! The audit: a lasting record of every call, one JSON object a line, in a chain that shows what was done to it later.
//!
//! Who may read it and where it is kept for good is not here: that is the operator's.

mod chain;
mod head;
mod line;
mod lines;
mod queue;
mod rotated_file;
mod stream;
mod trail;
mod verify;
mod writer;

pub use self::{
    chain::{ChainKey, Hash},
    line::Statements,
    trail::{Audit, AuditOptions, AuditTarget},
    verify::{Anchor, Fault, Findings, VerifyOptions, verify},
};
