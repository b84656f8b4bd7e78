//! One issuer: what its tokens must be like, and whom they name.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use domain::calls::{Caller, Claims, Principal};
use jsonwebtoken::{
    Algorithm, DecodingKey, Header, Validation, dangerous::insecure_decode_claims, decode,
    decode_header, errors::ErrorKind,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    super::Refusal,
    key_set::KeySet,
    keys::{KeyOptions, Keys},
};

/// Signatures by a key that only the issuer has. `none` is no signature, and for HMAC whoever verifies could sign.
pub const ALGORITHMS: [&str; 3] = ["RS256", "ES256", "EdDSA"];
/// Of a principal, in characters.
const LONGEST_NAME: usize = 256;

/// An issuer that is trusted, and for what.
#[derive(Debug, Clone, PartialEq)]
pub struct IssuerOptions {
    /// How the operator calls it. It stands before the names of its users, so that nobody whom it names is taken for
    /// somebody of another issuer, or for the holder of a token of this server's own.
    pub name: String,
    /// Exactly as its tokens have it.
    pub url: String,
    /// A token must be for one of these.
    pub audiences: Vec<String>,
    /// Some of [`ALGORITHMS`].
    pub algorithms: Vec<&'static str>,
    /// The claim that says who it is.
    pub principal: String,
    pub required: Vec<RequiredClaim>,
    /// A token must have all of these.
    pub scopes: Vec<String>,
    /// How far its clock may be from this one.
    pub clock_skew: Duration,
    pub keys: KeyOptions,
}

/// A claim without which nobody is let in.
#[derive(Debug, Clone, PartialEq)]
pub struct RequiredClaim {
    pub name: String,
    /// One of these must be its value, or among its values.
    pub values: Vec<Value>,
}

impl RequiredClaim {
    fn is_met(&self, claims: &Map<String, Value>) -> bool {
        match claims.get(&self.name) {
            Some(Value::Array(given)) => given.iter().any(|value| self.values.contains(value)),
            Some(value) => self.values.contains(value),
            None => false,
        }
    }
}

/// Keeps the keys of an issuer and judges its tokens.
#[derive(Debug)]
pub(in super::super) struct Issuer {
    options: IssuerOptions,
    algorithms: Vec<Algorithm>,
    keys: Keys,
}

/// A token that is what it should be.
#[derive(Debug, Clone)]
pub(in super::super) struct Verified {
    pub(in super::super) caller: Arc<Caller>,
    /// Clock skew included.
    pub(in super::super) expires: SystemTime,
    pub(in super::super) id: Option<String>,
    pub(in super::super) subject: Option<String>,
    /// What it was verified by.
    keys: Arc<KeySet>,
}

/// As the token says, which is not verified by this: it decides whose keys are asked.
pub(in super::super) fn issuer_of(token: &str) -> Result<String, Refusal> {
    #[derive(Deserialize)]
    struct Named {
        iss: String,
    }
    insecure_decode_claims::<Named>(token)
        .map(|named| named.iss)
        .map_err(|_| Refusal::Unknown)
}

impl Issuer {
    /// Begins to fetch the issuer's keys; `before` gives its own on.
    pub(in super::super) fn new(options: IssuerOptions, before: Option<&Self>) -> Self {
        let keys = Keys::of(
            &options.url,
            options.keys.clone(),
            before.map(|before| &before.keys),
        );
        let algorithms = options
            .algorithms
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        Self {
            options,
            algorithms,
            keys,
        }
    }

    pub(in super::super) fn url(&self) -> &str {
        &self.options.url
    }

    /// Whether what was verified before counts still.
    pub(in super::super) fn stands_by(&self, verified: &Verified) -> bool {
        self.keys
            .now()
            .is_some_and(|keys| Arc::ptr_eq(&keys, &verified.keys))
    }

    /// Judges a token that says it is of this issuer.
    pub(in super::super) async fn verify(&self, token: &str) -> Result<Verified, Refusal> {
        let header = self.header(token)?;
        let keys = self.keys_for(&header).await?;
        let key = keys.find(header.kid.as_deref(), header.alg)?;
        let claims = self.claims(token, &header, key)?;
        self.admit(claims, &keys)
    }

    fn header(&self, token: &str) -> Result<Header, Refusal> {
        let header = decode_header(token).map_err(|error| match error.kind() {
            // Such as the algorithm `none`, which is no algorithm to the library either.
            ErrorKind::Json(error) if error.is_data() => Refusal::WrongAlgorithm,
            _ => Refusal::Unknown,
        })?;
        // What `crit` names must be understood, and nothing of it is.
        if !self.algorithms.contains(&header.alg) || header.crit.is_some() {
            return Err(Refusal::WrongAlgorithm);
        }
        Ok(header)
    }

    /// The keys at hand, fetched again if the token's is not among them.
    async fn keys_for(&self, header: &Header) -> Result<Arc<KeySet>, Refusal> {
        let is_known = |keys: &KeySet| {
            keys.find(header.kid.as_deref(), header.alg).err() != Some(Refusal::UnknownKey)
        };
        match self.keys.now() {
            Some(keys) if is_known(&keys) => Ok(keys),
            _ => {
                self.keys.renewed().await;
                self.keys.now().ok_or(Refusal::NoKeys)
            }
        }
    }

    fn claims(
        &self,
        token: &str,
        header: &Header,
        key: &DecodingKey,
    ) -> Result<Map<String, Value>, Refusal> {
        let mut rules = Validation::new(header.alg);
        rules.set_issuer(&[&self.options.url]);
        rules.set_audience(&self.options.audiences);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        rules.validate_nbf = true;
        rules.leeway = self.options.clock_skew.as_secs();
        decode::<Map<String, Value>>(token, key, &rules)
            .map(|read| read.claims)
            .map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => Refusal::Expired,
                ErrorKind::ImmatureSignature => Refusal::NotYetValid,
                ErrorKind::InvalidIssuer => Refusal::UnknownIssuer,
                ErrorKind::InvalidAudience => Refusal::WrongAudience,
                ErrorKind::InvalidAlgorithm
                | ErrorKind::UnsupportedAlgorithm
                | ErrorKind::InvalidKeyFormat => Refusal::WrongAlgorithm,
                ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => {
                    Refusal::Incomplete
                }
                _ => Refusal::WrongSignature,
            })
    }

    fn admit(&self, claims: Map<String, Value>, keys: &Arc<KeySet>) -> Result<Verified, Refusal> {
        let options = &self.options;
        let scopes = scopes(&claims);
        if !options
            .scopes
            .iter()
            .all(|scope| scopes.contains(&scope.as_str()))
        {
            return Err(Refusal::MissingScope);
        }
        if !options.required.iter().all(|claim| claim.is_met(&claims)) {
            return Err(Refusal::MissingClaim);
        }
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let principal = text(&options.principal)
            .filter(|name| is_name(name))
            .ok_or(Refusal::Incomplete)?;
        let expires = claims
            .get("exp")
            .and_then(Value::as_f64)
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since + options.clock_skew))
            .ok_or(Refusal::Incomplete)?;
        Ok(Verified {
            expires,
            id: text("jti"),
            subject: text("sub"),
            caller: Arc::new(Caller::new(
                Principal::new(format!("{}:{principal}", options.name)),
                Claims::new(claims),
            )),
            keys: Arc::clone(keys),
        })
    }
}

/// `scope` is words in one text (RFC 8693); some issuers have `scp`, which may be a list.
fn scopes(claims: &Map<String, Value>) -> Vec<&str> {
    ["scope", "scp"]
        .iter()
        .filter_map(|name| claims.get(*name))
        .flat_map(|value| match value {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            Value::String(text) => text.split(' ').collect(),
            _ => Vec::new(),
        })
        .collect()
}

/// What can stand in a log and in an audit.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control)
}
