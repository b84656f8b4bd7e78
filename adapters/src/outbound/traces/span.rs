//! What the spans of a call say: the names are those of OpenTelemetry's conventions for MCP and for databases.
//!
//! Neither who calls nor what a failure says is told: messages of databases quote values. The call's id leads to both in the
//! audit and the log.

use std::{borrow::Cow, time::SystemTime};

use domain::{
    FailureKind,
    calls::{CallRecord, CatalogQuestion, TraceContext},
    connection::{Address, Database},
    query::redacted,
};
use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, SpanKind, Status},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::{super::Statements, state};

/// More than most spans have, so that they are not moved while they are told.
const MOST_ATTRIBUTES: usize = 12;

/// What a failed tool is to be called: <https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md>.
const TOOL_ERROR: &str = "tool_error";

/// First words of statements that name what is done. Any other word could be anything.
const OPERATIONS: [&str; 24] = [
    "ALTER", "ANALYZE", "CALL", "CREATE", "DELETE", "DESC", "DESCRIBE", "DO", "DROP", "EXPLAIN",
    "GRANT", "HANDLER", "INSERT", "MERGE", "PRAGMA", "REPLACE", "REVOKE", "SELECT", "SHOW",
    "TABLE", "TRUNCATE", "UPDATE", "VALUES", "WITH",
];

#[derive(Debug)]
pub(super) struct Spans {
    statements: Statements,
    scope: InstrumentationScope,
}

/// When, within a call.
struct Part {
    start: SystemTime,
    end: SystemTime,
}

impl Spans {
    pub(super) fn new(statements: Statements) -> Self {
        Self {
            statements,
            scope: InstrumentationScope::builder("portolan")
                .with_version(env!("CARGO_PKG_VERSION"))
                .build(),
        }
    }

    /// The call as its client sees it, below the client's span.
    pub(super) fn of_call(&self, record: &CallRecord<'_>, place: &TraceContext) -> SpanData {
        let mut attributes = Vec::with_capacity(MOST_ATTRIBUTES);
        attributes.push(KeyValue::new("mcp.method.name", record.method));
        attributes.push(KeyValue::new("portolan.call.id", record.id.to_string()));
        if let Some(asked) = &record.caller.asked {
            let told = [
                ("jsonrpc.request.id", Some(&asked.request)),
                ("mcp.session.id", asked.session.as_ref()),
                ("mcp.protocol.version", asked.protocol.as_ref()),
            ];
            attributes.extend(
                told.into_iter()
                    .filter_map(|(name, value)| Some(KeyValue::new(name, value?.clone()))),
            );
        }
        let name = match record.tool {
            None => Cow::Borrowed(record.method),
            Some(tool) => {
                attributes.push(KeyValue::new("gen_ai.operation.name", "execute_tool"));
                attributes.push(KeyValue::new("gen_ai.tool.name", tool));
                Cow::Owned(format!("{} {tool}", record.method))
            }
        };
        match record.caller.address {
            None => attributes.push(KeyValue::new("network.transport", "pipe")),
            Some(address) => {
                attributes.push(KeyValue::new("network.transport", "tcp"));
                attributes.push(KeyValue::new("client.address", address.to_string()));
            }
        }
        if let Some(failure) = record.failure {
            let kind = failure.kind.as_str();
            let error = if record.tool.is_some() {
                TOOL_ERROR
            } else {
                kind
            };
            attributes.push(KeyValue::new("error.type", error));
            attributes.push(KeyValue::new("portolan.failure.kind", kind));
        }
        let client = record.caller.trace.as_ref();
        SpanData {
            span_kind: SpanKind::Server,
            parent_span_id: client.map_or(SpanId::INVALID, |client| SpanId::from(client.span)),
            parent_span_is_remote: client.is_some(),
            ..self.span(
                record,
                place,
                SpanId::from(place.span),
                name,
                attributes,
                &Part {
                    start: record.began,
                    end: record.began + record.duration,
                },
            )
        }
    }

    /// The statement that the call ran, if it came so far.
    pub(super) fn of_statement(
        &self,
        record: &CallRecord<'_>,
        place: &TraceContext,
        id: SpanId,
    ) -> Option<SpanData> {
        let database = record.opened?;
        let start = record.began + record.before_database?;
        let end = record
            .database
            .map_or(record.began + record.duration, |took| start + took);
        let mut attributes = of_database(database);
        if let Some(name) = record.connection {
            attributes.push(KeyValue::new("portolan.connection", name.to_owned()));
        }
        let shown = record.statement.map(redacted);
        let operation = shown.as_deref().and_then(operation);
        if let Some(operation) = operation {
            attributes.push(KeyValue::new("db.operation.name", operation));
        }
        let text = match self.statements {
            Statements::None => None,
            Statements::Fingerprint => shown,
            Statements::Full => record.statement.map(ToOwned::to_owned),
        };
        if let Some(text) = text {
            attributes.push(KeyValue::new("db.query.text", text));
        }
        if let Some(rows) = record.rows.and_then(|rows| i64::try_from(rows).ok()) {
            attributes.push(KeyValue::new("db.response.returned_rows", rows));
        }
        if let Some(failure) = record.failure {
            let kind = failure.kind.as_str();
            if let Some(code) = &failure.sqlstate {
                attributes.push(KeyValue::new("db.response.status_code", code.clone()));
            }
            attributes.push(KeyValue::new(
                "error.type",
                failure
                    .sqlstate
                    .as_ref()
                    .map_or_else(|| kind.to_owned(), Clone::clone),
            ));
        }
        Some(SpanData {
            parent_span_id: SpanId::from(place.span),
            ..self.span(
                record,
                place,
                id,
                name(operation, database).into(),
                attributes,
                &Part { start, end },
            )
        })
    }

    /// What the call asked of the database's catalog, each question of as many statements as the engine makes of it.
    pub(super) fn of_questions(
        &self,
        record: &CallRecord<'_>,
        place: &TraceContext,
        new_id: &dyn Fn() -> SpanId,
    ) -> Vec<SpanData> {
        let (Some(database), Some(questions)) = (record.opened, record.questions) else {
            return Vec::new();
        };
        let span = |question: &CatalogQuestion| {
            let summary = format!("catalog {}", question.operation);
            let mut attributes = of_database(database);
            if let Some(name) = record.connection {
                attributes.push(KeyValue::new("portolan.connection", name.to_owned()));
            }
            attributes.push(KeyValue::new("db.operation.name", question.operation));
            attributes.push(KeyValue::new("db.query.summary", summary.clone()));
            let failure = question.failure.map(FailureKind::as_str);
            attributes.extend(failure.map(|kind| KeyValue::new("error.type", kind)));
            SpanData {
                parent_span_id: SpanId::from(place.span),
                status: failure.map_or(Status::Unset, Status::error),
                ..self.span(
                    record,
                    place,
                    new_id(),
                    summary.into(),
                    attributes,
                    &Part {
                        start: question.began,
                        end: question.began + question.took,
                    },
                )
            }
        };
        questions.so_far().iter().map(span).collect()
    }

    fn span(
        &self,
        record: &CallRecord<'_>,
        place: &TraceContext,
        id: SpanId,
        name: Cow<'static, str>,
        attributes: Vec<KeyValue>,
        part: &Part,
    ) -> SpanData {
        SpanData {
            span_context: SpanContext::new(
                TraceId::from(place.trace),
                id,
                TraceFlags::SAMPLED,
                false,
                state(place),
            ),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Client,
            name,
            start_time: part.start,
            end_time: part.end,
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: match record.failure {
                Some(failure) => Status::error(failure.kind.as_str()),
                None => Status::Unset,
            },
            instrumentation_scope: self.scope.clone(),
        }
    }
}

fn of_database(database: &Database) -> Vec<KeyValue> {
    // The conventions write products as they call themselves, in small letters.
    let system = database.server.product.to_ascii_lowercase();
    let mut attributes = Vec::with_capacity(MOST_ATTRIBUTES);
    attributes.push(KeyValue::new("db.system.name", system));
    if let Some(namespace) = &database.config.database {
        attributes.push(KeyValue::new("db.namespace", namespace.clone()));
    }
    match &database.config.address {
        Address::Tcp { host, port } => {
            attributes.push(KeyValue::new("server.address", host.clone()));
            attributes.push(KeyValue::new("server.port", i64::from(*port)));
        }
        Address::Socket { path, .. } => {
            attributes.push(KeyValue::new("server.address", path.display().to_string()));
        }
        Address::File(_) | Address::Memory => {}
    }
    attributes
}

/// What is done and to what, as far as both are known.
fn name(operation: Option<&str>, database: &Database) -> String {
    let target = match (&database.config.database, &database.config.address) {
        (Some(namespace), _) => Some(namespace.clone()),
        (None, Address::Tcp { host, port }) => Some(format!("{host}:{port}")),
        (None, _) => None,
    };
    match (operation, target) {
        (Some(operation), Some(target)) => format!("{operation} {target}"),
        (Some(operation), None) => operation.to_owned(),
        (None, Some(target)) => target,
        (None, None) => database.server.product.to_ascii_lowercase(),
    }
}

/// The first word of a redacted statement, if that names what is done; comments before it are no part of it any more.
fn operation(shown: &str) -> Option<&'static str> {
    let word = shown
        .trim_start_matches(|character: char| character == '(' || character.is_whitespace())
        .split(|character: char| !character.is_ascii_alphabetic())
        .next()?;
    OPERATIONS
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_tells_what_is_done_if_it_is_one() {
        for (sql, expected) in [
            ("SELECT 1", Some("SELECT")),
            ("  select\n1", Some("SELECT")),
            ("-- hello\nWITH a AS (SELECT 1) SELECT 1", Some("WITH")),
            ("/* hi */ (SELECT 1) UNION (SELECT 2)", Some("SELECT")),
            ("EXPLAIN SELECT 1", Some("EXPLAIN")),
            ("ada@example.com", None),
            ("", None),
        ] {
            assert_eq!(operation(&redacted(sql)), expected, "{sql}");
        }
    }
}
