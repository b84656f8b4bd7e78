//! How this server does: what its calls came to lately, and whether its connections answer.

mod monitor;
mod recent;

pub use self::monitor::Monitor;
