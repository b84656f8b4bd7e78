//! Everything that touches the outside: databases below, the protocol above.

pub mod inbound;
pub mod outbound;
pub mod web;
