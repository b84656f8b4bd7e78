//! The pool of one open database, as the domain sees it.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use domain::{
    Cancel, ConnectStep, Failure, FailureKind,
    connection::{ConnectionPool, PoolFigures, TestReport},
};
use sqlx::{Connection as _, mysql::MySqlConnection};

use super::{
    super::pool::{Pool, must_end},
    call::{Call, Ran},
    failure,
    kill::Killer,
    session::{After, MySqlSession},
};

pub(super) struct MySqlConnectionPool {
    pool: Arc<Pool<MySqlSession>>,
    killer: Arc<Killer>,
    version: String,
}

impl MySqlConnectionPool {
    pub(super) fn new(pool: Arc<Pool<MySqlSession>>, killer: Arc<Killer>, version: String) -> Self {
        Self {
            pool,
            killer,
            version,
        }
    }
}

#[async_trait]
impl ConnectionPool for MySqlConnectionPool {
    async fn test(&self, cancel: &Cancel) -> Result<TestReport, Failure> {
        let limit = self.pool.config().pool.connect_timeout;
        loop {
            let lease = self.pool.acquire(cancel).await?;
            let mut call = Call::new(lease, &self.pool, &self.killer);
            let started = Instant::now();
            let answer = tokio::select! {
                biased;
                failure = must_end(cancel, self.pool.closing(), limit) => return Err(failure),
                answer = ask(&mut call.session().connection) => answer,
            };
            match answer {
                Ok(()) => {
                    let latency = started.elapsed();
                    call.finish("SELECT 1", After::Read, Ran::Nothing);
                    return Ok(TestReport {
                        latency,
                        version: self.version.clone(),
                    });
                }
                Err(error) => {
                    // One that died while it was idle tells nothing of the server.
                    let try_another = !call.is_fresh();
                    call.discard();
                    if !try_another {
                        let failure = Failure::new(
                            FailureKind::Unavailable,
                            "Connected, but the server did not answer.",
                        )
                        .with_step(ConnectStep::Query);
                        return Err(failure::with_codes(failure, &error).with_source(error));
                    }
                }
            }
        }
    }

    fn figures(&self) -> PoolFigures {
        self.pool.figures()
    }

    async fn crowded(&self) {
        self.pool.crowded().await;
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

async fn ask(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    connection.ping().await
}
