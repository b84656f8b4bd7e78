//! Sessions that clients have begun with a handshake, until their transport is closed.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::calls::CallObserver;
use rmcp::{Peer, RoleServer};

/// How often it is looked whether clients are still there: nothing tells.
const LOOK: Duration = Duration::from_secs(1);

/// Tells the observers who is there.
#[derive(Debug, Default)]
pub(super) struct Sessions(Arc<Mutex<Vec<Session>>>);

#[derive(Debug)]
struct Session {
    client: String,
    peer: Peer<RoleServer>,
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
        let mut sessions = lock(&self.0);
        let is_first = sessions.is_empty();
        sessions.push(Session { client, peer });
        if is_first {
            tokio::spawn(look(Arc::clone(&self.0), observers.to_vec()));
        }
    }
}

/// Looks until nobody is left.
async fn look(sessions: Arc<Mutex<Vec<Session>>>, observers: Vec<Arc<dyn CallObserver>>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let mut sessions = lock(&sessions);
        sessions.retain(|session| {
            let is_there = !session.peer.is_transport_closed();
            if !is_there {
                for observer in &observers {
                    observer.left(Some(&session.client));
                }
            }
            is_there
        });
        if sessions.is_empty() {
            return;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
