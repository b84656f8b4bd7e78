//! The direct client: sqlx of the version that the server uses, in a process of its own and with nothing in between.
//!
//! Its process is this program under another verb, so that its time, processor time and memory are taken in the same
//! way as the server's. It times each call itself: what is compared with is the driver, not a second protocol.

use std::{
    hint::black_box,
    io::{self, BufRead, Write},
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Database, Encode, Executor, IntoArguments, MySql,
    Pool, Postgres, Row, Sqlite, Type, mysql::MySqlConnectOptions, pool::PoolOptions,
    postgres::PgConnectOptions, sqlite::SqliteConnectOptions,
};
use tokio::task::JoinSet;

use crate::{
    Fallible, Trouble,
    table::{Dialect, Table},
    work::{Performed, Query, Work, in_flight_warm_up},
};

/// Connections of the pool; the server's default is the same.
const POOL_SIZE: u32 = 10;
/// Prepared statements kept by a connection: so many that none of the run's texts pushes another one out, which
/// would cost a round trip more.
const STATEMENT_CACHE: usize = 16_000;

/// The first line that the process is sent. Not an argument, because it may hold a password.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Introduction {
    pub(crate) url: String,
    pub(crate) table: Table,
}

/// Each further line. Each is answered with one line, a `Result<Reply, String>`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Make the table.
    Create,
    Drop,
    /// Connect and run `SELECT 1`.
    Open,
    /// Run a query whose first cell is a text.
    Ask(String),
    Do(Work),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    Done,
    Text(String),
    Performed(Performed),
}

/// Serves orders from standard input until it ends.
pub(crate) fn serve() -> Fallible<()> {
    let mut lines = io::stdin().lock().lines();
    let introduction = lines.next().ok_or("nobody introduced themselves")??;
    let Introduction { url, table } = serde_json::from_str(&introduction)?;
    match table.dialect {
        Dialect::Postgres => obey_all::<Postgres>(&url, table, lines),
        Dialect::Mysql => obey_all::<MySql>(&url, table, lines),
        Dialect::Sqlite => obey_all::<Sqlite>(&url, table, lines),
    }
}

fn obey_all<DB: Driver>(
    url: &str,
    table: Table,
    orders: impl Iterator<Item = io::Result<String>>,
) -> Fallible<()>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    i64: Type<DB> + for<'q> Encode<'q, DB>,
{
    // As `#[tokio::main]` makes it, and so the runtime of the server as well.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut client = Client::<DB> {
        options: DB::options(url, Access::Read)?,
        writing_options: DB::options(url, Access::Write)?,
        connection: None,
        pool: None,
        table,
    };
    for order in orders {
        let order = serde_json::from_str(&order?)?;
        // On a worker, next to the driver of its sockets, as the server's own calls are; the main thread would have to
        // be woken once more for each answer.
        let (returned, reply) = runtime.block_on(runtime.spawn(async move {
            let reply = client.obey(order).await;
            (client, reply)
        }))?;
        client = returned;
        let reply = reply.map_err(|trouble| trouble.to_string());
        let mut line = serde_json::to_string(&reply)?;
        line.push('\n');
        io::stdout().write_all(line.as_bytes())?;
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

pub(crate) type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

/// What differs between the three drivers.
pub(crate) trait Driver: Database {
    fn options(url: &str, access: Access) -> Result<Options<Self>, sqlx::Error>;

    /// Decodes every cell of one row of the table. A decimal and a timestamp have no decoder without further
    /// features of sqlx; their bytes are looked at as they came.
    fn decode(row: &Self::Row) -> Result<(), sqlx::Error>;

    fn first_text(row: &Self::Row) -> Result<String, sqlx::Error>;
}

impl Driver for Postgres {
    fn options(url: &str, _: Access) -> Result<Options<Self>, sqlx::Error> {
        Ok(PgConnectOptions::from_str(url)?
            .statement_cache_capacity(STATEMENT_CACHE)
            .disable_statement_logging())
    }

    fn decode(row: &Self::Row) -> Result<(), sqlx::Error> {
        black_box(row.try_get::<i64, _>(0)?);
        black_box(row.try_get::<&str, _>(1)?);
        black_box(row.try_get::<&str, _>(2)?);
        black_box(row.try_get::<&str, _>(3)?);
        black_box(row.try_get::<i32, _>(4)?);
        black_box(row.try_get_unchecked::<&[u8], _>(5)?);
        black_box(row.try_get::<bool, _>(6)?);
        black_box(row.try_get_unchecked::<&[u8], _>(7)?);
        Ok(())
    }

    fn first_text(row: &Self::Row) -> Result<String, sqlx::Error> {
        row.try_get_unchecked(0)
    }
}

impl Driver for MySql {
    fn options(url: &str, _: Access) -> Result<Options<Self>, sqlx::Error> {
        Ok(MySqlConnectOptions::from_str(url)?
            .statement_cache_capacity(STATEMENT_CACHE)
            .disable_statement_logging())
    }

    fn decode(row: &Self::Row) -> Result<(), sqlx::Error> {
        black_box(row.try_get::<i64, _>(0)?);
        black_box(row.try_get::<&str, _>(1)?);
        black_box(row.try_get::<&str, _>(2)?);
        black_box(row.try_get::<&str, _>(3)?);
        black_box(row.try_get::<i32, _>(4)?);
        black_box(row.try_get_unchecked::<&[u8], _>(5)?);
        black_box(row.try_get::<bool, _>(6)?);
        black_box(row.try_get_unchecked::<&[u8], _>(7)?);
        Ok(())
    }

    fn first_text(row: &Self::Row) -> Result<String, sqlx::Error> {
        row.try_get_unchecked(0)
    }
}

impl Driver for Sqlite {
    fn options(url: &str, access: Access) -> Result<Options<Self>, sqlx::Error> {
        Ok(SqliteConnectOptions::from_str(url)?
            .read_only(access == Access::Read)
            .create_if_missing(access == Access::Write)
            .statement_cache_capacity(STATEMENT_CACHE)
            .disable_statement_logging())
    }

    fn decode(row: &Self::Row) -> Result<(), sqlx::Error> {
        black_box(row.try_get::<i64, _>(0)?);
        black_box(row.try_get::<&str, _>(1)?);
        black_box(row.try_get::<&str, _>(2)?);
        black_box(row.try_get::<&str, _>(3)?);
        black_box(row.try_get::<i64, _>(4)?);
        // Declared as a decimal and a timestamp, stored as a float or an integer and as text.
        black_box(row.try_get_unchecked::<f64, _>(5)?);
        black_box(row.try_get::<bool, _>(6)?);
        black_box(row.try_get_unchecked::<&str, _>(7)?);
        Ok(())
    }

    fn first_text(row: &Self::Row) -> Result<String, sqlx::Error> {
        row.try_get_unchecked(0)
    }
}

struct Client<DB: Driver> {
    options: Options<DB>,
    writing_options: Options<DB>,
    connection: Option<DB::Connection>,
    pool: Option<Pool<DB>>,
    table: Table,
}

impl<DB: Driver> Client<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    i64: Type<DB> + for<'q> Encode<'q, DB>,
{
    async fn obey(&mut self, order: Order) -> Fallible<Reply> {
        match order {
            Order::Create => {
                let mut connection = self.writing_options.connect().await?;
                for sql in self.table.create() {
                    sqlx::raw_sql(AssertSqlSafe(sql))
                        .execute(&mut connection)
                        .await?;
                }
                connection.close().await?;
            }
            Order::Drop => {
                let mut connection = self.writing_options.connect().await?;
                sqlx::raw_sql(AssertSqlSafe(self.table.drop()))
                    .execute(&mut connection)
                    .await?;
                connection.close().await?;
            }
            Order::Open => {
                let mut connection = self.options.connect().await?;
                sqlx::query("SELECT 1").fetch_one(&mut connection).await?;
                self.connection = Some(connection);
            }
            Order::Ask(sql) => return Ok(Reply::Text(self.ask(sql).await?)),
            Order::Do(work) => return Ok(Reply::Performed(self.perform(work).await?)),
        }
        Ok(Reply::Done)
    }

    async fn ask(&mut self, sql: String) -> Fallible<String> {
        let row = sqlx::query::<DB>(AssertSqlSafe(sql))
            .fetch_one(self.connection.as_mut().ok_or("not connected")?)
            .await?;
        Ok(DB::first_text(&row)?)
    }

    async fn perform(&mut self, work: Work) -> Fallible<Performed> {
        let times_ns = match work {
            Work::Start => vec![self.start().await?],
            Work::Calls {
                query,
                calls,
                warm_up,
                first,
                pause_ms,
            } => {
                let pause = Duration::from_millis(pause_ms);
                let mut times_ns = Vec::with_capacity(usize::try_from(calls)?);
                for call in 0..warm_up + calls {
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                    let time = self.call(query, first + u64::from(call)).await?;
                    if call >= warm_up {
                        times_ns.push(time);
                    }
                }
                times_ns
            }
            Work::InFlight { in_flight, calls } => {
                let pool = self
                    .pool
                    .get_or_insert_with(|| {
                        PoolOptions::new()
                            .max_connections(POOL_SIZE)
                            // Asking whether a connection lives costs a round trip for each call.
                            .test_before_acquire(false)
                            .connect_lazy_with(self.options.clone())
                    })
                    .clone();
                fly(&pool, in_flight, in_flight_warm_up(in_flight)).await?;
                vec![fly(&pool, in_flight, calls).await?]
            }
        };
        Ok(Performed {
            times_ns,
            text_bytes: None,
        })
    }

    async fn start(&mut self) -> Fallible<u64> {
        let begun = Instant::now();
        let mut connection = self.options.connect().await?;
        sqlx::query("SELECT 1").fetch_one(&mut connection).await?;
        let time_ns = nanoseconds_since(begun)?;
        connection.close().await?;
        Ok(time_ns)
    }

    async fn call(&mut self, query: Query, call: u64) -> Fallible<u64> {
        let connection = self.connection.as_mut().ok_or("not connected")?;
        let (sql, parameter) = query.statement(&self.table, call);
        let begun = Instant::now();
        let mut statement = sqlx::query::<DB>(AssertSqlSafe(sql));
        if let Some(parameter) = parameter {
            statement = statement.bind(parameter);
        }
        let rows = statement.fetch_all(connection).await?;
        if query != Query::SelectOne {
            rows.iter().try_for_each(DB::decode)?;
        }
        let time_ns = nanoseconds_since(begun)?;
        if rows.len() != usize::try_from(query.rows())? {
            return Err(format!("expected {} rows, got {}", query.rows(), rows.len()).into());
        }
        Ok(time_ns)
    }
}

/// `SELECT 1` that many times, by that many tasks; returns how long it took.
async fn fly<DB: Driver>(pool: &Pool<DB>, in_flight: u32, calls: u32) -> Fallible<u64>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
{
    let begun = Instant::now();
    let taken = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..in_flight {
        let (pool, taken) = (pool.clone(), Arc::clone(&taken));
        tasks.spawn(async move {
            while taken.fetch_add(1, Ordering::Relaxed) < calls {
                sqlx::query("SELECT 1").fetch_one(&pool).await?;
            }
            Ok::<(), sqlx::Error>(())
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.map_err(Trouble::from)??;
    }
    nanoseconds_since(begun)
}

fn nanoseconds_since(begun: Instant) -> Fallible<u64> {
    Ok(u64::try_from(begun.elapsed().as_nanos())?)
}
