//! Tokens of an issuer: JSON Web Tokens, signed by keys that the issuer publishes (`OpenID Connect Discovery`, JWKS).
//!
//! Parsing and rules are jsonwebtoken's, signatures are ring's, and nothing of either is written here.

mod crypto;
mod fetch;
mod issuer;
mod key_set;
mod keys;

pub(super) use self::{
    crypto::install,
    issuer::{Issuer, Verified, issuer_of},
};
pub use self::{
    fetch::is_issuer_url,
    issuer::{ALGORITHMS, IssuerOptions, RequiredClaim},
    keys::KeyOptions,
};
