//! The service over HTTP.

mod sign_in;

pub use sign_in::{Anonymous, Refused, SignIn};
