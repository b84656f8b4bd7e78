//! Ways in: today the Model Context Protocol.

pub mod http;
pub mod mcp;
