//! Calls in flight.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::calls::Principal;

use super::quotas::Scope;

/// The places that calls take while they run. Holds no more principals than there are calls.
#[derive(Debug)]
pub(super) struct Places {
    each: Option<NonZeroU32>,
    total: Option<NonZeroU32>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: u32,
    by: HashMap<Principal, u32>,
}

/// A call's place, until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    principal: Principal,
}

impl Places {
    pub(super) fn new(each: Option<NonZeroU32>, total: Option<NonZeroU32>) -> Arc<Self> {
        Arc::new(Self {
            each,
            total,
            taken: Mutex::default(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, or whose limit leaves none.
    pub(super) fn take(self: &Arc<Self>, principal: &Principal) -> Result<Place, Scope> {
        let mut taken = self.taken();
        let mine = taken.by.get(principal).copied().unwrap_or_default();
        if self.each.is_some_and(|limit| mine >= limit.get()) {
            return Err(Scope::Each);
        }
        if self.total.is_some_and(|limit| taken.total >= limit.get()) {
            return Err(Scope::Total);
        }
        taken.total += 1;
        taken.by.insert(principal.clone(), mine + 1);
        Ok(Place {
            places: Arc::clone(self),
            principal: principal.clone(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.total = taken.total.saturating_sub(1);
        if let Some(mine) = taken.by.get_mut(&self.principal) {
            *mine = mine.saturating_sub(1);
            if *mine == 0 {
                taken.by.remove(&self.principal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_once_its_call_is_over() {
        let (ada, grace) = (Principal::new("ada"), Principal::new("grace"));
        let places = Places::new(NonZeroU32::new(2), NonZeroU32::new(3));
        let first = places.take(&ada).unwrap();
        let _second = places.take(&ada).unwrap();
        assert_eq!(places.take(&ada).unwrap_err(), Scope::Each);
        let third = places.take(&grace).unwrap();
        assert_eq!(places.take(&grace).unwrap_err(), Scope::Total);

        drop(first);

        let _fourth = places.take(&ada).unwrap();
        drop(third);
        assert_eq!(places.taken().by.len(), 1);
    }
}
