//! What jsonwebtoken needs of a cryptographic library, given to it by ring.
//!
//! Its own choices, aws-lc and the pure Rust ones, would each be a second library beside the one that TLS links. Only
//! the three algorithms that are accepted are here, and nothing that signs.

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    crypto::{CryptoProvider, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result},
    signature,
};
use ring::{
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
        VerificationAlgorithm,
    },
};

static RING: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: |algorithm, key| verifier(*algorithm, key),
    // Only for keys that are turned into the keys of a set, which happens nowhere here.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has jsonwebtoken ask ring, from the first call on.
pub(in super::super) fn install() {
    // Whoever came second finds the same one there.
    let _ = RING.install_default();
}

fn verifier(algorithm: Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    // A key of one kind never checks what another kind has signed.
    if algorithm.family() != key.family() {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    let curve: &'static dyn VerificationAlgorithm = match (algorithm, key.kind()) {
        (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            return Ok(Box::new(Rsa(PublicKeyComponents {
                n: n.clone(),
                e: e.clone(),
            })));
        }
        (Algorithm::ES256, DecodingKeyKind::SecretOrDer(_)) => &ECDSA_P256_SHA256_FIXED,
        (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(_)) => &ED25519,
        _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
    };
    Ok(Box::new(Curve {
        algorithm,
        key: UnparsedPublicKey::new(curve, key.try_get_as_bytes()?.to_vec()),
    }))
}

struct Rsa(PublicKeyComponents<Vec<u8>>);

impl signature::Verifier<Vec<u8>> for Rsa {
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> std::result::Result<(), signature::Error> {
        self.0
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Rsa {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

struct Curve {
    algorithm: Algorithm,
    key: UnparsedPublicKey<Vec<u8>>,
}

impl signature::Verifier<Vec<u8>> for Curve {
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> std::result::Result<(), signature::Error> {
        self.key
            .verify(message, signature)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Curve {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
