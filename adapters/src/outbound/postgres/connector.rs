//! Opening a database, and the port to its pool.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use domain::{
    Cancel, Failure, FailureKind,
    connection::{
        ConnectionConfig, ConnectionPool, Connector, Database, Finding, PoolFigures, Posture,
        TestReport,
    },
};

use super::{
    super::pool::{self, Pool},
    catalog::PostgresCatalog,
    confined::{self, Confinement},
    dialect::PostgresDialect,
    posture,
    query_runner::PostgresQueryRunner,
    remedy::Remedy,
    session::PostgresSession,
};

#[derive(Debug)]
pub(super) struct PostgresConnector;

#[async_trait]
impl Connector for PostgresConnector {
    async fn open(&self, config: Arc<ConnectionConfig>) -> Result<Database, Failure> {
        let pool = Pool::<PostgresSession>::new(Arc::clone(&config))?;
        let lease = pool.acquire(&Cancel::new()).await?;
        let server = lease.server().clone();
        let remedy = Remedy::new(&config, &server);
        let posture = lease
            .ask(config.pool.connect_timeout, async |session| {
                posture::find(&mut session.connection, &remedy).await
            })
            .await
            .unwrap_or_else(Posture::unknown);
        let (confinement, finding) = match confinement(&pool, &config).await {
            Ok(found) => found,
            Err(refusal) => {
                pool.close().await;
                return Err(refusal);
            }
        };
        let posture = posture.with(finding);
        let runner = PostgresQueryRunner::new(Arc::clone(&pool)).confined(confinement);
        Ok(Database {
            catalog: Arc::new(PostgresCatalog {
                // Its questions are ours, and about no rows.
                runner: Arc::new(PostgresQueryRunner::unmasked(Arc::clone(&pool))),
                time: config.statement_timeout,
            }),
            config,
            server,
            posture: Arc::new(posture),
            dialect: Arc::new(PostgresDialect),
            query_runner: Arc::new(runner),
            pool: Arc::new(PostgresPool { pool }),
        })
    }
}

/// What statements are held to, and what is to be told of it. Fails where the database would not keep to its policies.
async fn confinement(
    pool: &Arc<Pool<PostgresSession>>,
    config: &ConnectionConfig,
) -> Result<(Option<Confinement>, Option<Finding>), Failure> {
    let Some(mapping) = &config.row_security else {
        return Ok((None, None));
    };
    let lease = pool.acquire(&Cancel::new()).await?;
    let limit = config.pool.connect_timeout;
    let checked = lease
        .ask(limit, async |session| {
            confined::check(&mut session.connection, mapping).await
        })
        .await
        .unwrap_or_else(|| {
            Err(Failure::new(
                FailureKind::Unavailable,
                "The database did not tell in time whether its row security holds.",
            ))
        })?;
    let confinement = Confinement::new(mapping.clone(), checked.unlisted);
    Ok((Some(confinement), checked.finding))
}

#[derive(Debug)]
struct PostgresPool {
    pool: Arc<Pool<PostgresSession>>,
}

#[async_trait]
impl ConnectionPool for PostgresPool {
    async fn test(&self, cancel: &Cancel) -> Result<TestReport, Failure> {
        loop {
            let mut lease = self.pool.acquire(cancel).await?;
            let started = Instant::now();
            let limit = self.pool.config().pool.connect_timeout;
            let answer = tokio::select! {
                biased;
                answer = lease.ping() => answer,
                failure = pool::must_end(cancel, self.pool.closing(), limit) => {
                    lease.discard().await;
                    return Err(failure);
                }
            };
            match answer {
                Ok(()) => {
                    let report = TestReport {
                        latency: started.elapsed(),
                        version: lease.server().version.clone(),
                    };
                    lease.put_back();
                    return Ok(report);
                }
                // It may have died while idle; a fresh one tells.
                Err(failure) => {
                    let fresh = lease.fresh;
                    lease.discard().await;
                    if fresh {
                        return Err(failure.with_step(domain::ConnectStep::Query));
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
