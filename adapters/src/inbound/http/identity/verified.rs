//! Tokens that were verified a moment ago: to check a signature anew for every call would cost more than the rest of
//! the sign-in together.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use lru::LruCache;

use super::{TokenHash, Verified};

/// Each is a token's claims: some megabytes in all.
const MOST: NonZeroUsize = NonZeroUsize::new(2_000).unwrap();

/// The last ones, by hash: a token itself is not kept.
#[derive(Debug)]
pub(super) struct VerifiedTokens(Mutex<LruCache<TokenHash, (usize, Verified)>>);

impl VerifiedTokens {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(MOST)))
    }

    /// With the place of its issuer.
    pub(super) fn get(&self, hash: &TokenHash) -> Option<(usize, Verified)> {
        self.lock().get(hash).cloned()
    }

    pub(super) fn put(&self, hash: TokenHash, issuer: usize, verified: Verified) {
        self.lock().put(hash, (issuer, verified));
    }

    pub(super) fn forget(&self, hash: &TokenHash) {
        self.lock().pop(hash);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<TokenHash, (usize, Verified)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
