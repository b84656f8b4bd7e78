//! A connection that nothing protects: the bare driver, with texts of any number of statements.

use std::time::Duration;

use sqlx::{
    AssertSqlSafe, ColumnIndex, Connection, Decode, MySqlConnection, PgConnection, Row,
    SqliteConnection, raw_sql,
};

/// No statement of the corpus takes longer, unless it waits for a lock that is never given.
const PATIENCE: Duration = Duration::from_secs(10);
/// What tidies up waits for everybody else on the server.
const TIDYING_PATIENCE: Duration = Duration::from_mins(1);

pub(super) enum Bare {
    Postgres(Box<PgConnection>),
    MySql(Box<MySqlConnection>),
    Sqlite(Box<SqliteConnection>),
}

impl Bare {
    /// Every row of every result, one a line.
    pub(super) async fn ask(&mut self, sql: &str) -> Result<String, String> {
        self.ask_within(PATIENCE, sql).await
    }

    async fn ask_within(&mut self, patience: Duration, sql: &str) -> Result<String, String> {
        let query = raw_sql(AssertSqlSafe(sql.to_owned()));
        let asked = async {
            match self {
                Self::Postgres(connection) => {
                    Ok(text_of(&query.fetch_all(&mut **connection).await?))
                }
                Self::MySql(connection) => Ok(text_of(&query.fetch_all(&mut **connection).await?)),
                Self::Sqlite(connection) => Ok(text_of(&query.fetch_all(&mut **connection).await?)),
            }
        };
        match tokio::time::timeout(patience, asked).await {
            Ok(answer) => answer.map_err(|error: sqlx::Error| error.to_string()),
            Err(_) => Err("no answer".to_owned()),
        }
    }

    /// A statement that ends what the suite has made.
    pub(super) async fn tidy(&mut self, sql: &str) {
        if let Err(error) = self.ask_within(TIDYING_PATIENCE, sql).await {
            panic!("{sql}: {error}");
        }
    }

    /// A statement of the suite's own.
    pub(super) async fn run(&mut self, sql: &str) {
        if let Err(error) = self.ask(sql).await {
            panic!("{sql}: {error}");
        }
    }

    /// Waits until the other side has seen the end, as far as it can be seen.
    pub(super) async fn close(self) {
        // An attack may have ended it.
        match self {
            Self::Postgres(connection) => connection.close().await.ok(),
            Self::MySql(connection) => connection.close().await.ok(),
            Self::Sqlite(connection) => connection.close().await.ok(),
        };
    }
}

fn text_of<R>(rows: &[R]) -> String
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> Option<String>: Decode<'r, R::Database>,
{
    let lines = rows.iter().map(|row| {
        let cells = (0..row.len()).map(|index| {
            row.try_get_unchecked::<Option<String>, _>(index)
                .map_or("?".to_owned(), |text| text.unwrap_or("NULL".to_owned()))
        });
        cells.collect::<Vec<_>>().join("|")
    });
    lines.collect::<Vec<_>>().join("\n")
}
