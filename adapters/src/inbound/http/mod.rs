//! The service over HTTP: connections, who may come in, sessions, and the endpoint of the protocol.
//!
//! What a message means is not here: that is the server's, whichever way it comes in.

mod arrivals;
mod connection;
mod direct;
mod door;
mod endpoint;
mod hosts;
pub mod identity;
mod in_flight;
mod listener;
mod operations;
mod options;
mod proxies;
mod server;
mod sessions;
mod sign_in;
mod status;
mod streams;
mod tls;

pub use hosts::{is_allowed_host, is_allowed_origin};
pub use listener::Listener;
pub use operations::{Operations, Reach};
pub use options::HttpOptions;
pub use proxies::TrustedProxies;
pub use server::{HttpServer, Routes};
pub use sign_in::{Anonymous, Refused, SignIn};
pub use status::StatusPage;
pub use tls::{Tls, TlsFiles};
