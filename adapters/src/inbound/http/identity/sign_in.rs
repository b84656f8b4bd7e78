//! Finds the caller of a request by the token that it brings.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use async_trait::async_trait;
use domain::calls::Caller;
use http::request::Parts;

use super::{Challenge, Refusal, RefusalLog, StaticToken, TokenHash, holder, token_of};
use crate::inbound::http::{Refused, SignIn};

/// Who may sign in, and how.
#[derive(Debug, Clone, Default)]
pub struct IdentityOptions {
    /// Each with a hash of its own.
    pub tokens: Vec<StaticToken>,
}

/// Lets in whoever brings a token that is known here.
#[derive(Debug)]
pub struct Identity {
    /// Taken out for each request, so that what is put in force meanwhile counts from the next one on.
    in_force: RwLock<Arc<InForce>>,
    log: RefusalLog,
}

/// What the configuration says, until another takes its place.
#[derive(Debug)]
struct InForce {
    tokens: Vec<StaticToken>,
    challenge: Challenge,
}

impl Identity {
    pub fn new(options: IdentityOptions) -> Self {
        Self {
            in_force: RwLock::new(Arc::new(InForce::new(options))),
            log: RefusalLog::default(),
        }
    }

    /// Lets in whom these options name, and nobody else from now on.
    pub fn replace(&self, options: IdentityOptions) {
        let new = Arc::new(InForce::new(options));
        *self
            .in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner) = new;
    }

    fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl InForce {
    fn new(options: IdentityOptions) -> Self {
        Self {
            tokens: options.tokens,
            challenge: Challenge::new(None, &[]),
        }
    }

    fn caller(&self, request: &Parts, now: SystemTime) -> Result<Arc<Caller>, Refusal> {
        let token = token_of(request)?;
        let hash = TokenHash::of(token);
        holder(&self.tokens, &hash, now).unwrap_or(Err(Refusal::Unknown))
    }
}

#[async_trait]
impl SignIn for Identity {
    async fn sign_in(&self, request: &Parts) -> Result<Arc<Caller>, Refused> {
        let in_force = self.in_force();
        in_force
            .caller(request, SystemTime::now())
            .map_err(|refusal| {
                self.log.tell(refusal);
                refusal.answer(&in_force.challenge)
            })
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, StatusCode, header::AUTHORIZATION};
    use serde_json::Map;

    use super::*;

    fn identity(names: &[(&str, &str)]) -> IdentityOptions {
        let tokens = names
            .iter()
            .map(|(name, token)| StaticToken::new(name, TokenHash::of(token), None, Map::new()));
        IdentityOptions {
            tokens: tokens.collect(),
        }
    }

    async fn who(identity: &Identity, token: &str) -> Result<String, StatusCode> {
        let request = Request::builder()
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(())
            .unwrap();
        identity
            .sign_in(&request.into_parts().0)
            .await
            .map(|caller| caller.principal.to_string())
            .map_err(|refused| refused.status)
    }

    #[tokio::test]
    async fn the_name_of_a_token_is_who_calls() {
        let identity = Identity::new(identity(&[("ci", "one"), ("ada", "two")]));

        assert_eq!(who(&identity, "two").await, Ok("ada".to_owned()));
        assert_eq!(who(&identity, "ada").await, Err(StatusCode::UNAUTHORIZED));
        assert!(!identity.admits_anybody());
    }

    #[tokio::test]
    async fn what_is_put_in_force_counts_from_the_next_request_on() {
        let mine = Identity::new(identity(&[("ci", "one")]));

        mine.replace(identity(&[("ada", "two")]));

        assert_eq!(who(&mine, "one").await, Err(StatusCode::UNAUTHORIZED));
        assert_eq!(who(&mine, "two").await, Ok("ada".to_owned()));
    }

    #[tokio::test]
    async fn where_nobody_is_named_nobody_gets_in() {
        let nobody = Identity::new(IdentityOptions::default());

        assert_eq!(who(&nobody, "").await, Err(StatusCode::BAD_REQUEST));
        assert_eq!(who(&nobody, "one").await, Err(StatusCode::UNAUTHORIZED));
        assert!(!nobody.admits_anybody());
    }
}
