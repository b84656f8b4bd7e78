//! Rows on their way into a new file, many to a statement.

use std::sync::Arc;

use domain::Failure;
use sqlx::{Arguments, AssertSqlSafe, Executor, SqliteConnection, sqlite::SqliteArguments};

use super::calendar::Day;
use crate::outbound::sqlite::failure;

/// Rows to a statement.
const BATCH: usize = 200;

/// A value of a row.
pub(super) enum Field {
    Null,
    Int(i64),
    Cents(i32),
    Text(String),
}

impl From<i32> for Field {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<bool> for Field {
    fn from(truth: bool) -> Self {
        Self::Int(truth.into())
    }
}

impl From<&str> for Field {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Field {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Day> for Field {
    fn from(day: Day) -> Self {
        Self::Text(day.to_string())
    }
}

impl<T: Into<Field>> From<Option<T>> for Field {
    fn from(field: Option<T>) -> Self {
        field.map_or(Self::Null, Into::into)
    }
}

/// The rows of one table.
pub(super) struct Writer<'a> {
    connection: &'a mut SqliteConnection,
    table: &'static str,
    width: usize,
    /// The statement for a whole batch.
    whole: Arc<str>,
    fields: SqliteArguments,
    rows: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        connection: &'a mut SqliteConnection,
        table: &'static str,
        width: usize,
    ) -> Self {
        Self {
            connection,
            table,
            width,
            whole: insert(table, width, BATCH).into(),
            fields: SqliteArguments::default(),
            rows: 0,
        }
    }

    pub(super) async fn row<const N: usize>(&mut self, fields: [Field; N]) -> Result<(), Failure> {
        for field in fields {
            let added = match field {
                Field::Null => self.fields.add(None::<i64>),
                Field::Int(number) => self.fields.add(number),
                Field::Cents(cents) => self.fields.add(f64::from(cents) / 100.0),
                Field::Text(text) => self.fields.add(text),
            };
            added.map_err(|error| {
                Failure::internal("A row could not be made.").with_source(error)
            })?;
        }
        self.rows += 1;
        if self.rows == BATCH {
            let whole = Arc::clone(&self.whole);
            self.flush(whole).await?;
        }
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<(), Failure> {
        if self.rows == 0 {
            return Ok(());
        }
        let rest = insert(self.table, self.width, self.rows);
        self.flush(rest.into()).await
    }

    async fn flush(&mut self, sql: Arc<str>) -> Result<(), Failure> {
        self.rows = 0;
        let fields = std::mem::take(&mut self.fields);
        self.connection
            .execute(sqlx::query_with(AssertSqlSafe(sql), fields))
            .await
            .map_err(failure::of_driver)?;
        Ok(())
    }
}

fn insert(table: &str, width: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; width].join(","));
    format!(
        "INSERT INTO {table} VALUES {}",
        vec![row.as_str(); rows].join(",")
    )
}
