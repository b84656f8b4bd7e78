//! The service over HTTP.

pub mod identity;
mod sign_in;

pub use sign_in::{Anonymous, Refused, SignIn};
