//! What the status page shows.

use domain::{calls::Caller, health::HealthSource};
use serde::Serialize;

use super::{GetHealthStatus, HealthStatus};
use crate::{
    call_book::{CallBook, KeptCall},
    registry::{Registry, Visitor},
};

/// The request. Connections are shown that this visitor sees; calls of others only to who may end what others use, and
/// only those on connections for which that holds; figures of the whole server only to who reaches all of its connections.
#[derive(Debug, Clone, Copy)]
pub struct ShowStatus<'a> {
    pub visitor: Visitor<'a>,
}

#[derive(Debug, Serialize)]
pub struct ServerStatus {
    pub server: Server,
    pub caller: Who,
    pub health: HealthStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<Totals>,
    pub running: Vec<Line>,
    pub recent: Vec<Line>,
}

#[derive(Debug, Serialize)]
pub struct Server {
    pub version: &'static str,
}

/// Who is looking.
#[derive(Debug, Serialize)]
pub struct Who {
    pub name: String,
    pub roles: Vec<String>,
    /// Sees, and may end, what others do.
    pub operator: bool,
}

/// Since the process began.
#[derive(Debug, Serialize)]
pub struct Totals {
    pub calls: u64,
    pub failed: u64,
}

/// A call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub call: String,
    pub time: String,
    pub principal: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acts_as: Option<String>,
    pub method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// Of those that have ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    pub duration_ms: f64,
}

/// Whether somebody sees, and may end, what others do, wherever that is.
fn is_operator(visitor: Visitor<'_>) -> bool {
    visitor.grant.manages_connections(None)
}

/// The same of a call of others on this connection. One on none, or on none as yet, is of no connection that is hidden.
fn manages(visitor: Visitor<'_>, connection: Option<&str>) -> bool {
    match connection {
        Some(name) => visitor.grant.manages(None, name),
        None => is_operator(visitor),
    }
}

impl ShowStatus<'_> {
    pub fn execute(
        self,
        registry: &Registry,
        health: &dyn HealthSource,
        book: &CallBook,
    ) -> ServerStatus {
        let Visitor { caller, grant, .. } = self.visitor;
        let operator = is_operator(self.visitor);
        let shows = |call: &KeptCall| {
            call.is_of(caller) || manages(self.visitor, call.connection.as_deref())
        };
        // Where it runs is not known yet, or it was to run where nothing is: that could be told by its words.
        let discreet = |mut call: KeptCall| {
            if call.connection.is_none() && !call.is_of(caller) {
                call.statement = None;
            }
            call
        };
        let view = registry.seen_by(self.visitor);
        let (names, of_all) = (view.names(), view.reaches_all());
        let sees = |name: &str| names.iter().any(|seen| seen.as_str() == name);
        let totals = book.totals();
        ServerStatus {
            server: Server {
                version: env!("CARGO_PKG_VERSION"),
            },
            caller: Who {
                name: caller.principal.to_string(),
                roles: grant.roles().map(str::to_owned).collect(),
                operator,
            },
            health: GetHealthStatus {
                detailed: true,
                of_all,
            }
            .execute(health, sees),
            totals: of_all.then_some(Totals {
                calls: totals.calls,
                failed: totals.failed,
            }),
            running: book
                .running()
                .into_iter()
                .filter(shows)
                .map(|call| told(discreet(call), false))
                .collect(),
            recent: book
                .recent(shows)
                .into_iter()
                .map(|call| told(discreet(call), true))
                .collect(),
        }
    }
}

fn told(call: KeptCall, has_ended: bool) -> Line {
    Line {
        call: call.id.to_string(),
        time: humantime::format_rfc3339_millis(call.began).to_string(),
        principal: call.principal.to_string(),
        acts_as: call.acts_as,
        method: call.method,
        tool: call.tool,
        connection: call.connection,
        statement: call.statement,
        outcome: has_ended.then_some(call.outcome),
        rows: call.rows,
        duration_ms: (call.duration.as_secs_f64() * 1e6).round() / 1e3,
    }
}

/// Ends a call that runs: one's own, or anybody's for who may end what others use.
#[derive(Debug, Clone, Copy)]
pub struct EndCall<'a> {
    pub call: &'a str,
    pub visitor: Visitor<'a>,
}

impl EndCall<'_> {
    /// Whether there was such a call, as far as the visitor may know.
    pub fn execute(self, book: &CallBook) -> bool {
        let visitor = self.visitor;
        let is_own = |caller: &Caller| {
            caller.principal == visitor.caller.principal
                && caller.is_local == visitor.caller.is_local
        };
        book.end(self.call, |call| {
            is_own(call.caller) || manages(visitor, call.connection)
        })
    }
}
