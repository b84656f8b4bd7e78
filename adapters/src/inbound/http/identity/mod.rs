//! Who is calling over HTTP: whoever holds a token of this server's own.

mod bearer;
mod refusal;
mod sign_in;
mod tokens;

use self::{
    bearer::token_of,
    refusal::{Challenge, Refusal, RefusalLog},
    tokens::holder,
};
pub use self::{
    sign_in::{Identity, IdentityOptions},
    tokens::{StaticToken, TokenHash, new_token, too_weak},
};
