//! Sessions that clients have begun with a handshake, until their transport is closed.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::calls::CallObserver;
use rmcp::{Peer, RoleServer};

/// How often it is looked whether clients are still there: nothing tells.
const LOOK: Duration = Duration::from_secs(1);
/// So many sessions are held before it is looked sooner.
const FEW: usize = 64;

/// Tells the observers who is there.
#[derive(Debug, Default)]
pub(super) struct Sessions(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    sessions: Vec<Session>,
    /// How many there were when it was last looked. Twice as many are looked at again at once: sessions that come and
    /// go quickly must not pile up.
    looked: usize,
}

#[derive(Debug)]
struct Session {
    client: String,
    peer: Peer<RoleServer>,
}

impl Known {
    /// Forgets who is gone, and tells the observers.
    fn look(&mut self, observers: &[Arc<dyn CallObserver>]) {
        self.sessions.retain(|session| {
            let is_there = !session.peer.is_transport_closed();
            if !is_there {
                for observer in observers {
                    observer.left(Some(&session.client));
                }
            }
            is_there
        });
        self.looked = self.sessions.len();
    }
}

impl Sessions {
    /// A client has begun a session.
    pub(super) fn joined(
        &self,
        client: String,
        peer: Peer<RoleServer>,
        observers: &[Arc<dyn CallObserver>],
    ) {
        if observers.is_empty() {
            return;
        }
        for observer in observers {
            observer.joined(Some(&client));
        }
        let mut known = lock(&self.0);
        let is_first = known.sessions.is_empty();
        known.sessions.push(Session { client, peer });
        if known.sessions.len() >= (2 * known.looked).max(FEW) {
            known.look(observers);
        }
        if is_first {
            tokio::spawn(look(Arc::clone(&self.0), observers.to_vec()));
        }
    }
}

/// Looks until nobody is left.
async fn look(known: Arc<Mutex<Known>>, observers: Vec<Arc<dyn CallObserver>>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let mut known = lock(&known);
        known.look(&observers);
        if known.sessions.is_empty() {
            return;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
