//! The service as a client sees it: the built binary, over its standard streams.

mod bad_input;
mod endings;
mod protocol;
mod sdks;
mod tool_list;
