//! Who is calling over HTTP: whoever holds a token of this server's own, or one of an issuer that is trusted.

mod bearer;
mod metadata;
mod oidc;
mod refusal;
mod refusals;
mod revocations;
mod sign_in;
mod tokens;
mod verified;

use self::{
    bearer::token_of,
    oidc::{Issuer, Verified, issuer_of},
    refusal::{Challenge, Refusal},
    refusals::{Denied, Refusals},
    revocations::{Revocations, SharedList},
    tokens::holder,
    verified::VerifiedTokens,
};
pub use self::{
    metadata::is_public_url,
    oidc::{ALGORITHMS, IssuerOptions, KeyOptions, RequiredClaim, is_issuer_url},
    revocations::{RevocationFile, Revoked},
    sign_in::{Identity, IdentityOptions},
    tokens::{StaticToken, TokenHash, new_token, too_weak},
};
