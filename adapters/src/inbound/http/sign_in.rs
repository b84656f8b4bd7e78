//! Who makes a request over HTTP.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use domain::calls::Caller;
use http::{HeaderValue, StatusCode, request::Parts};
use serde_json::Value;

/// Finds out who makes a request, before anything of it is done.
#[async_trait]
pub trait SignIn: fmt::Debug + Send + Sync {
    /// The caller, or what to answer instead. Looks at the head of the request alone.
    async fn sign_in(&self, request: &Parts) -> Result<Arc<Caller>, Refused>;

    /// Whether a request without any credential could be let in. Such a server may listen on this machine only.
    fn admits_anybody(&self) -> bool {
        false
    }

    /// Nobody signs in any more: what there is to tell of those who tried is told.
    fn ended(&self) {}

    /// What RFC 9728 wants at `/.well-known/oauth-protected-resource` and below it at `/mcp`, for whoever asks: where
    /// a client gets a token by itself. `None`, which is a 404, where it cannot.
    fn protected_resource(&self) -> Option<Value> {
        None
    }
}

/// The answer to somebody who is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// 400 for a credential that is given in a wrong way, 401 for who is not known, 403 for who is and may not, 503 where that cannot be found out now.
    pub status: StatusCode,
    /// How to sign in: `WWW-Authenticate`.
    pub challenge: Option<HeaderValue>,
    /// For a person. Tells nothing of why a credential is wrong that would help to guess one.
    pub message: String,
}

/// Lets everybody in as whoever started this process.
#[derive(Debug, Clone)]
pub struct Anonymous(pub Arc<Caller>);

#[async_trait]
impl SignIn for Anonymous {
    async fn sign_in(&self, _: &Parts) -> Result<Arc<Caller>, Refused> {
        Ok(Arc::clone(&self.0))
    }

    fn admits_anybody(&self) -> bool {
        true
    }
}
