//! Ways in: today the Model Context Protocol.

pub mod mcp;
