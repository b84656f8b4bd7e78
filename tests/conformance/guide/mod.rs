//! The way from a word to a join, through the use cases, on what each engine's own catalog tells.

mod changes;
mod joins;
mod names;
mod plans;
mod shop;

use application::{
    registry::OpenConnection,
    use_cases::{DescribeTable, ExplainQuery, FindJoinPath, SearchSchema},
};
use domain::{
    Cancel, Failure,
    connection::Database,
    query::{PlanReport, Statement},
};
use serde_json::Value;
use support::{
    databases::{open, opened, writable, write},
    subject::Subject,
};

/// A schema or database of one fact's own, and whoever looks at it.
struct Place {
    /// Where its tables are, as a caller would name it.
    schema: String,
    admin: Database,
    connection: OpenConnection,
    take_away: Option<String>,
}

impl Place {
    async fn on(subject: &Subject) -> Self {
        let (config, take_away) = subject.place().await;
        let schema = config
            .schema
            .clone()
            .or_else(|| take_away.is_some().then(|| config.database.clone())?)
            .unwrap_or_else(|| "main".to_owned());
        let admin = open(writable(config.clone())).await;
        let connection = opened(&open(config).await);
        Self {
            schema,
            admin,
            connection,
            take_away,
        }
    }

    /// With a retail shop in it.
    async fn shop(subject: &Subject) -> Self {
        let place = Self::on(subject).await;
        let seed = match subject.name {
            "sqlite" => include_str!("../../seed/sqlite.sql"),
            name if name.starts_with("postgres") => include_str!("../../seed/postgres.sql"),
            _ => include_str!("../../seed/mysql.sql"),
        };
        for sql in seed.split_inclusive(";\n") {
            place.run(sql).await;
        }
        place
    }

    async fn run(&self, sql: &str) {
        write(&self.admin, sql, vec![])
            .await
            .unwrap_or_else(|failure| panic!("{sql}: {failure:?}"));
    }

    async fn search(&self, request: SearchSchema) -> Result<Value, Failure> {
        let request = SearchSchema {
            schema: request.schema.or_else(|| Some(self.schema.clone())),
            ..request
        };
        json(request.execute(&self.connection, &Cancel::new()).await)
    }

    async fn describe(&self, tables: &[&str]) -> Result<Value, Failure> {
        let request = DescribeTable {
            tables: tables.iter().map(|name| (*name).to_owned()).collect(),
            max_bytes: None,
        };
        json(request.execute(&self.connection, &Cancel::new()).await)
    }

    async fn joins(&self, from: &str, to: &str) -> Result<Value, Failure> {
        let request = FindJoinPath {
            from: from.to_owned(),
            to: to.to_owned(),
        };
        json(request.execute(&self.connection, &Cancel::new()).await)
    }

    async fn explain(&self, sql: &str, analyze: bool) -> Result<PlanReport, Failure> {
        let request = ExplainQuery {
            statement: Statement::new(sql.to_owned(), vec![])?,
            analyze,
            try_indexes: Vec::new(),
        };
        request.execute(&self.connection, &Cancel::new()).await
    }

    async fn leave(self) {
        if let Some(sql) = &self.take_away {
            self.run(sql).await;
        }
        self.connection.database.pool.close().await;
        self.admin.pool.close().await;
    }
}

fn json(answer: Result<String, Failure>) -> Result<Value, Failure> {
    answer.map(|text| serde_json::from_str(&text).unwrap())
}

fn word(search: &str) -> SearchSchema {
    SearchSchema {
        search: Some(search.to_owned()),
        ..SearchSchema::default()
    }
}
