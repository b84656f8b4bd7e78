//! Where the account has no connection left for a `KILL`.

use std::time::{Duration, Instant};

use domain::{
    Cancel, FailureKind,
    cancel::CancelReason,
    connection::{ConnectionConfig, Database, Password},
    query::QueryLimits,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, MySqlConnection, mysql::MySqlConnectOptions, raw_sql,
};
use support::{
    databases::{config, open, read, server_variable, unique},
    on_mysql,
    rows::Rows,
    waiting::until,
};
use tokio::task::JoinHandle;

use super::helpers::{beside, run, run_beside, running};

const SOON: Duration = Duration::from_secs(1);
const PASSWORD: &str = "Change-this-password-1";

/// An account that may have so many connections.
struct Account {
    name: String,
    config: ConnectionConfig,
}

impl Account {
    async fn of(server: &str, connections: u32) -> Self {
        let name = unique("few");
        run_beside(
            server,
            format!(
                "CREATE USER {name} IDENTIFIED BY '{PASSWORD}' WITH MAX_USER_CONNECTIONS {connections}; \
                 GRANT SELECT ON portolan_test.* TO {name}"
            ),
        )
        .await;
        let mut config = config(server);
        config.user = Some(name.clone());
        config.password = Some(Password::Given(PASSWORD.to_owned().into()));
        Self { name, config }
    }

    fn pool_of(&self, connections: u32) -> ConnectionConfig {
        let mut config = self.config.clone();
        config.pool.max_connections = connections;
        config
    }

    /// A connection that is none of ours.
    async fn elsewhere(&self, server: &str) -> MySqlConnection {
        let mut url = url::Url::parse(&server_variable(server, "URL")).unwrap();
        url.set_username(&self.name).unwrap();
        url.set_password(Some(PASSWORD)).unwrap();
        MySqlConnectOptions::from_url(&url)
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    async fn drop(self, server: &str) {
        run_beside(server, format!("DROP USER {}", self.name)).await;
    }
}

/// Holds what [`slow`] waits for.
async fn hold(beside: &mut MySqlConnection, mark: &str) {
    let sql = format!("SELECT GET_LOCK('{mark}', 0)");
    raw_sql(AssertSqlSafe(sql)).execute(beside).await.unwrap();
}

/// Waits for a lock, and not for time: all that sleep share a lock in MariaDB, over which one `KILL` right after another
/// can lose two seconds.
fn slow(database: &Database, mark: &str, cancel: &Cancel) -> JoinHandle<FailureKind> {
    let (database, cancel) = (database.clone(), cancel.clone());
    let sql = format!("SELECT GET_LOCK('{mark}', 60)");
    tokio::spawn(async move {
        let limits = QueryLimits::default();
        let mut rows = Rows::up_to(1);
        let ended = run(&database, &sql, limits, &mut rows, &cancel).await;
        ended.unwrap_err().kind
    })
}

on_mysql!(
    a_pool_as_large_as_its_account_leaves_a_connection_for_the_kill,
    async |server: &str| {
        let account = Account::of(server, 2).await;
        let database = open(account.pool_of(2)).await;
        let (mark, cancel) = (unique("scarce"), Cancel::new());
        let mut beside = beside(server).await;
        hold(&mut beside, &mark).await;
        // GIVEN as many calls as the pool was allowed sessions.
        let calls = [
            slow(&database, &mark, &cancel),
            slow(&database, &mark, &cancel),
        ];
        until("a statement to run", async || {
            running(&mut beside, &mark).await == 1
        })
        .await;

        let fired = Instant::now();
        cancel.fire(CancelReason::Client);
        until("the statement to end", async || {
            running(&mut beside, &mark).await == 0
        })
        .await;

        assert!(fired.elapsed() < SOON, "{:?}", fired.elapsed());
        for call in calls {
            assert_eq!(call.await.unwrap(), FailureKind::Cancelled);
        }
        assert_eq!(database.pool.figures().max, 1);
        database.pool.close().await;
        account.drop(server).await;
    }
);

on_mysql!(
    calls_that_end_together_share_the_one_connection_that_is_left,
    async |server: &str| {
        let account = Account::of(server, 11).await;
        let database = open(account.pool_of(11)).await;
        let (mark, cancel) = (unique("scarce"), Cancel::new());
        let mut beside = beside(server).await;
        hold(&mut beside, &mark).await;
        let calls: Vec<_> = (0..10).map(|_| slow(&database, &mark, &cancel)).collect();
        until("every statement to run", async || {
            running(&mut beside, &mark).await == 10
        })
        .await;

        let fired = Instant::now();
        cancel.fire(CancelReason::Client);
        until("every statement to end", async || {
            running(&mut beside, &mark).await == 0
        })
        .await;

        assert!(fired.elapsed() < SOON, "{:?}", fired.elapsed());
        for call in calls {
            assert_eq!(call.await.unwrap(), FailureKind::Cancelled);
        }
        database.pool.close().await;
        account.drop(server).await;
    }
);

on_mysql!(
    an_idle_session_kills_where_no_connection_is_left,
    async |server: &str| {
        let account = Account::of(server, 3).await;
        let database = open(account.pool_of(2)).await;
        let (mark, cancel) = (unique("scarce"), Cancel::new());
        let mut beside = beside(server).await;
        hold(&mut beside, &mark).await;
        // GIVEN an account whose connections are all taken, one by somebody else, one idle.
        let pause = "SELECT SLEEP(0.1)";
        let (one, other) = tokio::join!(
            read(&database, pause, vec![]),
            read(&database, pause, vec![])
        );
        one.unwrap();
        other.unwrap();
        until("both sessions to be idle", async || {
            let figures = database.pool.figures();
            (figures.in_use, figures.idle) == (0, 2)
        })
        .await;
        let elsewhere = account.elsewhere(server).await;
        let call = slow(&database, &mark, &cancel);
        until("the statement to run", async || {
            running(&mut beside, &mark).await == 1
        })
        .await;

        let fired = Instant::now();
        cancel.fire(CancelReason::Client);
        until("the statement to end", async || {
            running(&mut beside, &mark).await == 0
        })
        .await;

        assert!(fired.elapsed() < SOON, "{:?}", fired.elapsed());
        assert_eq!(call.await.unwrap(), FailureKind::Cancelled);
        drop(elsewhere);
        database.pool.close().await;
        account.drop(server).await;
    }
);
