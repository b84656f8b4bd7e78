//! What callers may do: roles that the operator writes, and what they come to for one caller.
//!
//! Pure rules. Who somebody is was found out before; that nothing goes past a grant is the application's matter.

mod allowed;
mod grant;
mod granted;
mod pattern;
mod role;
mod tables;
mod when;

pub use self::{
    allowed::Allowed,
    grant::Grant,
    pattern::Pattern,
    role::{Role, Roles},
    tables::{TablePattern, TableRules, Tables},
    when::{ClaimRule, When},
};
