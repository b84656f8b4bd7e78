//! The keys that an issuer publishes (RFC 7517), as far as they can be used here.

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::super::Refusal;

/// Nobody publishes more.
const MOST_KEYS: usize = 200;

/// Public keys, each for one algorithm: what a token says of itself never decides what a key is used for.
#[derive(Debug)]
pub(super) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    public: DecodingKey,
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

impl KeySet {
    /// Leaves out what is of no use here, such as keys for encryption or of kinds that are not known; what is left of
    /// a set must be at least one key.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let published: Published = serde_json::from_slice(text)
            .map_err(|error| format!("the keys are no JSON Web Key Set: {error}"))?;
        if published.keys.len() > MOST_KEYS {
            return Err(format!("there are more than {MOST_KEYS} keys"));
        }
        let keys: Vec<Key> = published
            .keys
            .into_iter()
            .filter_map(|key| usable(&serde_json::from_value(key).ok()?))
            .collect();
        if keys.is_empty() {
            return Err(
                "none of the keys can be used: RSA, P-256 or Ed25519 for signatures".into(),
            );
        }
        Ok(Self(keys))
    }

    /// The key of this name; without a name, the only one that there is for the algorithm.
    pub(super) fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<&DecodingKey, Refusal> {
        let Some(id) = id else {
            let mut fitting = self.0.iter().filter(|key| key.algorithm == algorithm);
            return match (fitting.next(), fitting.next()) {
                (Some(key), None) => Ok(&key.public),
                _ => Err(Refusal::UnknownKey),
            };
        };
        let mut named = self
            .0
            .iter()
            .filter(|key| key.id.as_deref() == Some(id))
            .peekable();
        if named.peek().is_none() {
            return Err(Refusal::UnknownKey);
        }
        named
            .find(|key| key.algorithm == algorithm)
            .map(|key| &key.public)
            .ok_or(Refusal::WrongAlgorithm)
    }
}

fn usable(published: &Jwk) -> Option<Key> {
    let algorithm = match &published.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return None,
    };
    let common = &published.common;
    let for_signatures = !matches!(
        common.public_key_use,
        Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_))
    );
    let verifies = common
        .key_operations
        .as_ref()
        .is_none_or(|uses| uses.contains(&KeyOperations::Verify));
    let for_this = common
        .key_algorithm
        .is_none_or(|named| Algorithm::try_from(named).is_ok_and(|named| named == algorithm));
    (for_signatures && verifies && for_this).then_some(())?;
    Some(Key {
        id: common.key_id.clone(),
        algorithm,
        public: DecodingKey::from_jwk(published).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(keys: &Value) -> Result<KeySet, String> {
        KeySet::parse(json!({"keys": keys}).to_string().as_bytes())
    }

    fn rsa(facts: &Value) -> Value {
        let mut key = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"});
        key.as_object_mut()
            .unwrap()
            .extend(facts.as_object().unwrap().clone());
        key
    }

    #[test]
    fn what_does_not_sign_is_left_out() {
        for useless in [
            json!({"kty": "oct", "kid": "a", "k": "c2VjcmV0"}),
            json!({"kty": "EC", "crv": "P-384", "kid": "a", "x": "AQAB", "y": "AQAB"}),
            json!({"kty": "new", "kid": "a"}),
            json!({"kid": "a"}),
            json!("a"),
            rsa(&json!({"kid": "a", "use": "enc"})),
            rsa(&json!({"kid": "a", "key_ops": ["encrypt"]})),
            rsa(&json!({"kid": "a", "alg": "RS512"})),
            rsa(&json!({"kid": "a", "alg": "HS256"})),
        ] {
            assert!(set(&json!([useless])).is_err(), "{useless}");
            let beside = set(&json!([useless, rsa(&json!({"kid": "b"}))])).unwrap();
            assert_eq!(
                beside.find(Some("a"), Algorithm::RS256).unwrap_err(),
                Refusal::UnknownKey
            );
            assert!(beside.find(Some("b"), Algorithm::RS256).is_ok());
        }
    }

    #[test]
    fn a_key_is_for_its_own_algorithm_alone() {
        let keys = set(&json!([
            rsa(&json!({"kid": "a"})),
            {"kty": "EC", "crv": "P-256", "kid": "b", "x": "AQAB", "y": "AQAB"},
        ]))
        .unwrap();

        for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::HS256] {
            let refused = keys.find(Some("a"), algorithm).unwrap_err();
            assert_eq!(refused, Refusal::WrongAlgorithm, "{algorithm:?}");
        }
    }

    #[test]
    fn without_a_name_only_the_only_one_is_meant() {
        let one = set(&json!([rsa(&json!({}))])).unwrap();
        let two = set(&json!([rsa(&json!({})), rsa(&json!({"kid": "b"}))])).unwrap();

        assert!(one.find(None, Algorithm::RS256).is_ok());
        assert_eq!(
            two.find(None, Algorithm::RS256).unwrap_err(),
            Refusal::UnknownKey
        );
    }
}
