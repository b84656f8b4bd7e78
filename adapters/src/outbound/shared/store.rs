//! The connection to the shared store, and whether it answers.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::{
    Failure, FailureKind,
    health::{SharedSource, SharedState},
};
use redis::{
    Client, ClientTlsConfig, RedisError, ScriptInvocation, TlsCertificates,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use crate::web::Authorities;

/// Longer than any answer within a data centre takes; a call waits for it at most once a second while nothing answers.
const ANSWER_MAY_TAKE: Duration = Duration::from_millis(500);
/// For a connection, with TLS and a password.
const CONNECTION_MAY_TAKE: Duration = Duration::from_secs(1);
/// Between two tries of a store that does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// What TLS with the store is made of, as PEM.
#[derive(Default)]
pub struct StoreTls {
    /// Whose word its certificate counts by, in the place of those that this machine trusts.
    pub authorities: Option<Vec<u8>>,
    /// The certificate that it is shown, with its chain, and the key.
    pub shown: Option<(Vec<u8>, Vec<u8>)>,
}

impl fmt::Debug for StoreTls {
    /// A key is nobody's business.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StoreTls").finish_non_exhaustive()
    }
}

/// A Redis or Valkey.
pub struct SharedStore {
    connection: ConnectionManager,
    /// Where it is, without credentials.
    address: String,
    down: Mutex<Option<Down>>,
}

/// Since when it does not answer, and when it is to be tried again.
#[derive(Debug, Clone, Copy)]
struct Down {
    since: Instant,
    next: Instant,
}

/// It did not answer, which has been said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreachable;

impl SharedStore {
    /// Connects when it is first asked for something. Fails, with an explanation for the operator, if the URL is none, or
    /// what is given for TLS.
    pub fn new(url: &str, tls: StoreTls) -> Result<Self, Failure> {
        let unusable = |error: RedisError| {
            // The error would repeat the URL, and with it the password.
            Failure::new(
                FailureKind::InvalidArgument,
                format!("MCP_REDIS_URL cannot be used: {}.", error.category()),
            )
            .with_hint("Such as redis://:password@host:6379/0, or rediss:// for TLS.")
        };
        let mut client = Client::open(url).map_err(unusable)?;
        if tls.authorities.is_some() || tls.shown.is_some() {
            client = with_certificates(url, tls)?;
        }
        let address = client.get_connection_info().addr().to_string();
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_response_timeout(Some(ANSWER_MAY_TAKE))
            .set_connection_timeout(Some(CONNECTION_MAY_TAKE));
        let connection =
            ConnectionManager::new_lazy_with_config(client, config).map_err(unusable)?;
        Ok(Self {
            connection,
            address,
            down: Mutex::new(None),
        })
    }

    /// Asks it something, unless it did not answer just now.
    pub(super) async fn ask<T: redis::FromRedisValue>(
        &self,
        what: Question<'_>,
    ) -> Result<T, Unreachable> {
        if !self.is_to_be_tried(Instant::now()) {
            return Err(Unreachable);
        }
        let mut connection = self.connection.clone();
        let answer = match what {
            Question::Script(script) => script.invoke_async(&mut connection).await,
            Question::Command(command) => command.query_async(&mut connection).await,
        };
        match answer {
            Ok(answer) => {
                self.answered();
                Ok(answer)
            }
            Err(error) => {
                self.failed(&error);
                Err(Unreachable)
            }
        }
    }

    /// While it does not answer one call in a second finds out, and the others do not wait for that.
    fn is_to_be_tried(&self, now: Instant) -> bool {
        match &mut *self.down() {
            None => true,
            Some(down) if down.next <= now => {
                down.next = now + PAUSE;
                true
            }
            Some(_) => false,
        }
    }

    fn answered(&self) {
        let down = self.down().take();
        if let Some(down) = down {
            tracing::info!(
                store = self.address,
                seconds = down.since.elapsed().as_secs(),
                "the shared store answers again: limits count for all processes"
            );
        }
    }

    fn failed(&self, error: &RedisError) {
        let now = Instant::now();
        let known = {
            let mut down = self.down();
            let known = down.is_some();
            let since = down.map_or(now, |down| down.since);
            *down = Some(Down {
                since,
                next: now + PAUSE,
            });
            known
        };
        if !known {
            tracing::error!(
                store = self.address,
                cause = %error,
                "the shared store does not answer: limits count for this process alone until it does"
            );
        }
    }

    fn down(&self) -> MutexGuard<'_, Option<Down>> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with_certificates(url: &str, tls: StoreTls) -> Result<Client, Failure> {
    let unusable = |why: &str| {
        Failure::new(
            FailureKind::InvalidArgument,
            format!("The certificates for MCP_REDIS_URL cannot be used: {why}."),
        )
        .with_hint("MCP_REDIS_CA, MCP_REDIS_CERT and MCP_REDIS_KEY each name a file of PEM.")
    };
    // Without any in it nobody would be believed, and only the log would say so.
    if let Some(authorities) = &tls.authorities
        && Authorities::from_pem(authorities).is_none()
    {
        return Err(unusable("no authority can be read from MCP_REDIS_CA"));
    }
    let certificates = TlsCertificates {
        client_tls: tls.shown.map(|(client_cert, client_key)| ClientTlsConfig {
            client_cert,
            client_key,
        }),
        root_cert: tls.authorities,
    };
    Client::build_with_tls(url, certificates).map_err(|error| unusable(&error.to_string()))
}

/// What is asked.
pub(super) enum Question<'question> {
    Script(&'question ScriptInvocation<'question>),
    Command(&'question redis::Cmd),
}

impl SharedSource for SharedStore {
    fn state(&self) -> SharedState {
        match *self.down() {
            None => SharedState::Reachable,
            Some(down) => SharedState::Unreachable {
                seconds: down.since.elapsed().as_secs(),
            },
        }
    }
}

impl fmt::Debug for SharedStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SharedStore")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
