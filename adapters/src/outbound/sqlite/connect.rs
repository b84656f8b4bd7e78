//! Opens a database and keeps its sessions.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use domain::{
    Cancel, Failure,
    connection::{
        ConnectionConfig, ConnectionPool, Connector, Database, PoolFigures, ServerInfo, TestReport,
    },
    query::QueryRunner,
};

use super::{
    super::pool::{Pool, must_end},
    catalog::SqliteCatalog,
    dialect::SqliteDialect,
    failure, posture,
    query_runner::{SqliteQueryRunner, acquire},
    schema::Unread,
    session::SqliteSession,
};

pub(super) struct SqliteConnector;

#[async_trait]
impl Connector for SqliteConnector {
    async fn open(&self, config: Arc<ConnectionConfig>) -> Result<Database, Failure> {
        let pool = Pool::new(Arc::clone(&config))?;
        let pool_port = SqliteConnectionPool { pool };
        let report = match pool_port.test(&Cancel::new()).await {
            Ok(report) => report,
            Err(failure) => {
                pool_port.close().await;
                return Err(failure);
            }
        };
        let runner = Arc::new(SqliteQueryRunner {
            pool: Arc::clone(&pool_port.pool),
            is_masked: config.masking.is_some(),
        });
        let unmasked = SqliteQueryRunner {
            pool: Arc::clone(&pool_port.pool),
            is_masked: false,
        };
        Ok(Database {
            catalog: Arc::new(SqliteCatalog {
                runner: Arc::new(unmasked) as Arc<dyn QueryRunner>,
                pool: Arc::clone(&pool_port.pool),
                time: config.statement_timeout,
            }),
            posture: Arc::new(posture::find(&config).await),
            config,
            server: ServerInfo {
                product: "SQLite".to_owned(),
                version: report.version,
                tls: None,
            },
            dialect: Arc::new(SqliteDialect),
            query_runner: runner,
            pool: Arc::new(pool_port),
        })
    }
}

struct SqliteConnectionPool {
    pool: Arc<Pool<SqliteSession>>,
}

#[async_trait]
impl ConnectionPool for SqliteConnectionPool {
    async fn test(&self, cancel: &Cancel) -> Result<TestReport, Failure> {
        let (mut lease, _) = acquire(&self.pool, cancel).await?;
        let limit = self.pool.config().statement_timeout;
        let tested = tokio::select! {
            biased;
            tested = round_trip(&mut lease) => tested,
            failure = must_end(cancel, self.pool.closing(), limit) => Err(failure),
        };
        if tested.is_ok() {
            lease.put_back();
        } else {
            lease.discard().await;
        }
        tested
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

async fn round_trip(session: &mut SqliteSession) -> Result<TestReport, Failure> {
    let begun = Instant::now();
    // Without a look at the file, nothing would be tested.
    session.freshen().await.map_err(Unread::into_failure)?;
    let latency = begun.elapsed();
    let version = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(session.connection().await?)
        .await
        .map_err(failure::of_driver)?;
    Ok(TestReport { latency, version })
}
