//! Finds the caller of a request by the token that it brings.

use std::{
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::SystemTime,
};

use async_trait::async_trait;
use domain::calls::{AuditTrail, Caller, Principal, RevocationList};
use http::request::Parts;
use serde_json::Value;

use super::{
    Challenge, Denied, Issuer, IssuerOptions, Refusal, Refusals, RevocationFile, Revocations,
    SharedList, StaticToken, TokenHash, Verified, VerifiedTokens, holder, issuer_of,
    metadata::{metadata, metadata_url},
    oidc::install,
    token_of,
};
use crate::inbound::http::{Refused, SignIn, door::sender};

/// Who may sign in, and how.
#[derive(Debug, Clone, Default)]
pub struct IdentityOptions {
    /// Each with a hash of its own.
    pub tokens: Vec<StaticToken>,
    /// Each with a name and a URL of its own.
    pub issuers: Vec<IssuerOptions>,
    pub revocations: Option<RevocationFile>,
    /// Under which clients reach the endpoint of the protocol. Without it they are not told where to sign in.
    pub public_url: Option<String>,
}

/// Lets in whoever brings a token that is known here, or that an issuer has signed who is trusted here.
#[derive(Debug)]
pub struct Identity {
    /// Taken out for each request, so that what is put in force meanwhile counts from the next one on.
    in_force: RwLock<Arc<InForce>>,
    refusals: Arc<Refusals>,
    /// Beside the operator's file.
    shared: OnceLock<SharedList>,
}

/// What the configuration says, until another takes its place.
#[derive(Debug)]
struct InForce {
    tokens: Vec<StaticToken>,
    issuers: Vec<Issuer>,
    verified: VerifiedTokens,
    revocations: Revocations,
    challenge: Challenge,
    metadata: Option<Value>,
}

impl Identity {
    /// Begins to fetch the keys of issuers and to watch the list of revoked tokens: in a runtime alone.
    pub fn new(options: IdentityOptions) -> Self {
        install();
        Self {
            in_force: RwLock::new(Arc::new(InForce::new(options, None))),
            refusals: Arc::default(),
            shared: OnceLock::new(),
        }
    }

    /// Who is refused from now on goes into this audit.
    pub fn records_refusals(&self, audit: Arc<dyn AuditTrail>) {
        self.refusals.recorded_in(audit);
    }

    /// Whoever stands on this list is not let in, and nobody before it is known. In a runtime alone; the first one that is given counts.
    pub fn heeds(&self, list: Arc<dyn RevocationList>) {
        self.shared.get_or_init(|| SharedList::of(list));
    }

    /// Lets in whom these options name, and nobody else from now on. Keys of an issuer that stays as it was are not
    /// lost.
    pub fn replace(&self, options: IdentityOptions) {
        let new = Arc::new(InForce::new(options, Some(&self.in_force())));
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
    fn new(options: IdentityOptions, before: Option<&Self>) -> Self {
        let mut scopes: Vec<String> = Vec::new();
        for scope in options.issuers.iter().flat_map(|issuer| &issuer.scopes) {
            if !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        // Tokens of one's own have nowhere to be had from.
        let public_url = options
            .public_url
            .as_deref()
            .filter(|_| !options.issuers.is_empty());
        let metadata = public_url.map(|url| {
            let issuers: Vec<&str> = options.issuers.iter().map(|one| one.url.as_str()).collect();
            metadata(url, &issuers, &scopes)
        });
        let challenge = Challenge::new(public_url.and_then(metadata_url).as_deref(), &scopes);
        let issuers = options.issuers.into_iter().map(|options| {
            let same = before
                .into_iter()
                .flat_map(|before| &before.issuers)
                .find(|issuer| issuer.url() == options.url);
            Issuer::new(options, same)
        });
        Self {
            issuers: issuers.collect(),
            tokens: options.tokens,
            verified: VerifiedTokens::new(),
            revocations: Revocations::of(options.revocations),
            challenge,
            metadata,
        }
    }

    async fn caller(
        &self,
        request: &Parts,
        shared: Option<&SharedList>,
    ) -> Result<Arc<Caller>, Denied> {
        let token = token_of(request)?;
        let hash = TokenHash::of(token);
        let now = SystemTime::now();
        if let Some(found) = holder(&self.tokens, &hash, now) {
            let caller = found?;
            return if self.is_revoked(shared, &caller.principal, None, None)? {
                Err(Refusal::Revoked.of(&caller))
            } else {
                Ok(caller)
            };
        }
        // Three parts are a signed token, and nothing else is.
        if self.issuers.is_empty() || token.matches('.').count() != 2 {
            return Err(Refusal::Unknown.into());
        }
        let verified = self.verified(token, hash).await?;
        if verified.expires < SystemTime::now() {
            self.verified.forget(&hash);
            return Err(Refusal::Expired.of(&verified.caller));
        }
        let (subject, id) = (verified.subject.as_deref(), verified.id.as_deref());
        if self.is_revoked(shared, &verified.caller.principal, subject, id)? {
            return Err(Refusal::Revoked.of(&verified.caller));
        }
        Ok(verified.caller)
    }

    fn is_revoked(
        &self,
        shared: Option<&SharedList>,
        principal: &Principal,
        subject: Option<&str>,
        id: Option<&str>,
    ) -> Result<bool, Refusal> {
        let by_all = match shared {
            Some(list) => list
                .now()
                .ok_or(Refusal::NoRevocations)?
                .holds(principal, subject, id),
            None => false,
        };
        Ok(by_all || self.revocations.now().holds(principal, subject, id))
    }

    async fn verified(&self, token: &str, hash: TokenHash) -> Result<Verified, Refusal> {
        if let Some((issuer, verified)) = self.verified.get(&hash)
            && self
                .issuers
                .get(issuer)
                .is_some_and(|issuer| issuer.stands_by(&verified))
        {
            return Ok(verified);
        }
        let named = issuer_of(token)?;
        let (at, issuer) = self
            .issuers
            .iter()
            .enumerate()
            .find(|(_, issuer)| issuer.url() == named)
            .ok_or(Refusal::UnknownIssuer)?;
        let verified = issuer.verify(token).await?;
        self.verified.put(hash, at, verified.clone());
        Ok(verified)
    }
}

#[async_trait]
impl SignIn for Identity {
    async fn sign_in(&self, request: &Parts) -> Result<Arc<Caller>, Refused> {
        let in_force = self.in_force();
        in_force
            .caller(request, self.shared.get())
            .await
            .map_err(|denied| {
                let answer = denied.refusal.answer(&in_force.challenge);
                self.refusals.tell(&denied, sender(request));
                answer
            })
    }

    fn ended(&self) {
        self.refusals.tell_rest();
    }

    fn protected_resource(&self) -> Option<Value> {
        self.in_force().metadata.clone()
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
            ..IdentityOptions::default()
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
