//! Who makes a call.

use std::{fmt, net::IpAddr, sync::Arc};

use serde_json::{Map, Value};

use super::{Asked, TraceContext};

/// The name under which somebody is known here: the signed-in identity, or the one user of this process.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Principal(String);

impl Principal {
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Whoever started this process.
    pub fn local() -> Self {
        Self::new("local")
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What somebody who can be trusted has said of a caller, such as the issuer of a token. Clones are the same claims:
/// there is one for each call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims(Arc<Map<String, Value>>);

impl Claims {
    pub fn new(claims: Map<String, Value>) -> Self {
        Self(Arc::new(claims))
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Who makes a call, and from where. Verified before anything here sees it: nothing of it is what a call says of
/// itself, but for `client`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub principal: Principal,
    /// Whoever started this process, and not somebody of the same name who has signed in.
    pub is_local: bool,
    pub claims: Claims,
    /// Where the call came from, over a network.
    pub address: Option<IpAddr>,
    /// The name and version that the client gives itself.
    pub client: Option<String>,
    /// The user that the call asks to act as, in the place of the principal. What it asks, and no more: a connection
    /// refuses it unless its configuration allows the principal to.
    pub acts_for: Option<String>,
    /// The trace of the client's that the call belongs to.
    pub trace: Option<TraceContext>,
    /// By which request, where calls are traced.
    pub asked: Option<Box<Asked>>,
}

impl Caller {
    /// Somebody who has signed in.
    pub fn new(principal: Principal, claims: Claims) -> Self {
        Self {
            principal,
            is_local: false,
            claims,
            address: None,
            client: None,
            acts_for: None,
            trace: None,
            asked: None,
        }
    }

    /// Whoever started this process, and who is trusted as far as it goes.
    pub fn local() -> Self {
        Self {
            is_local: true,
            ..Self::new(Principal::local(), Claims::default())
        }
    }
}
