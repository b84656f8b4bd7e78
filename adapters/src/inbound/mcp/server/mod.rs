//! The server: what it is made of, and what its parts ask of it.

mod around;
mod attending;
mod caller;

use std::{sync::Arc, time::Duration};

use application::{
    access::Access,
    ad_hoc::AdHoc,
    call_book::CallBook,
    memory::{MemoryGuard, Promise},
    registry::{OpenConnection, Registry, View, Visitor},
    use_cases::Ceilings,
};
use domain::{
    Cancel, Failure,
    access::Grant,
    calls::{AuditTrail, CallLimits, CallObserver, Caller, Tracing},
    connection::ConnectionName,
    health::HealthSource,
};
use rmcp::{
    RoleServer,
    model::{Implementation, JsonObject},
    service::RequestContext,
};
use tokio::sync::SemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::{
    backlog::Backlog,
    call::Call,
    failure,
    sessions::Sessions,
    tools::{Offered, ToolSelection, Toolbox},
    turns::Turns,
};

/// What the operator decides about the protocol side.
#[derive(Debug, Clone)]
pub struct McpOptions {
    /// The tools that are offered.
    pub tools: ToolSelection,
    /// Rows are sent as structured content too, beside the text, with a schema.
    pub structured_results: bool,
    /// Calls that run at the same time; others wait for their turn. What only looks at this server's own state does
    /// not count.
    pub max_concurrent_calls: usize,
    /// Calls that wait for their turn; one more is refused as `busy`.
    pub max_waiting_calls: usize,
    /// How long a call waits for its turn at most; then it is refused as `busy`.
    pub turn_may_take: Duration,
    /// What a call can ask for at most.
    pub ceilings: Ceilings,
    /// How long running calls may go on once the server is to stop.
    pub shutdown_grace: Duration,
    /// Calls that take at least this long are logged as warnings.
    pub slow_call: Duration,
    /// Who calls where nobody signs in: over standard input and output, and from a shell.
    pub local: Arc<Caller>,
}

impl Default for McpOptions {
    fn default() -> Self {
        Self {
            tools: ToolSelection::default(),
            structured_results: false,
            max_concurrent_calls: 128,
            max_waiting_calls: 1_024,
            turn_may_take: Duration::from_secs(30),
            ceilings: Ceilings::default(),
            shutdown_grace: Duration::from_millis(500),
            slow_call: Duration::from_millis(500),
            local: Arc::new(Caller::local()),
        }
    }
}

/// What stands around every call.
#[derive(Debug, Clone, Default)]
pub struct Around {
    pub observers: Vec<Arc<dyn CallObserver>>,
    pub audit: Option<Arc<dyn AuditTrail>>,
    pub limits: Option<Arc<dyn CallLimits>>,
    /// Gives calls their places in traces, if anybody wants to know.
    pub tracing: Option<Arc<dyn Tracing>>,
    /// The roles in force.
    pub access: Arc<Access>,
    pub health: Option<Arc<dyn HealthSource>>,
    pub memory: Option<Arc<MemoryGuard>>,
    /// Where somebody looks who wants to see them.
    pub book: Option<Arc<CallBook>>,
}

/// Room for one answer, for as long as this.
#[derive(Debug, Default)]
pub(super) struct Room<'server> {
    _place: Option<SemaphorePermit<'server>>,
    _memory: Option<Promise<'server>>,
}

/// The server. Clones are the same server: it is made once, whatever the number of clients.
#[derive(Debug, Clone)]
pub struct McpServer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    registry: Arc<Registry>,
    ad_hoc: AdHoc,
    options: McpOptions,
    around: Around,
    toolbox: Toolbox,
    turns: Turns,
    sessions: Sessions,
    stopping: CancellationToken,
}

/// What a tool answered: the text that the model reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub text: String,
    /// The text is a failure.
    pub is_error: bool,
}

impl McpServer {
    /// `ad_hoc` says what callers may open themselves; where that is nothing, the tools for it are not offered.
    pub fn new(
        registry: Arc<Registry>,
        ad_hoc: AdHoc,
        options: McpOptions,
        around: Around,
    ) -> Self {
        let toolbox = Toolbox::new(&registry, &ad_hoc, &options);
        Self(Arc::new(Shared {
            registry,
            ad_hoc,
            toolbox,
            turns: Turns::new(&options),
            sessions: Sessions::default(),
            stopping: CancellationToken::new(),
            options,
            around,
        }))
    }

    /// Calls a tool by its name, as a client would. Fails with an explanation if no such tool is offered.
    pub async fn call(
        &self,
        tool: &str,
        arguments: JsonObject,
        caller: Arc<Caller>,
        cancel: Cancel,
    ) -> Result<Outcome, String> {
        let result = self.run(tool, arguments, caller, cancel).await?;
        Ok(match result {
            Ok(text) => Outcome {
                text,
                is_error: false,
            },
            Err(failure) => Outcome {
                text: failure::text(&failure),
                is_error: true,
            },
        })
    }

    /// A tool by its name, if the caller may call it; fails with the names of those.
    pub(super) fn tool(&self, name: &str, grant: &Grant) -> Result<&Offered, String> {
        self.0.toolbox.get(name, grant)
    }

    /// What a caller may do, as the roles say now.
    pub(super) fn grant(&self, caller: &Caller) -> Grant {
        self.0.around.access.grant(caller)
    }

    /// What somebody sees of the databases there are.
    pub(super) fn seen_by<'a>(&'a self, visitor: Visitor<'a>) -> View<'a> {
        self.0.registry.seen_by(visitor)
    }

    /// What the caller of a tool sees of the databases there are.
    pub(super) fn view<'a>(&'a self, call: &'a Call) -> View<'a> {
        self.seen_by(call.visitor())
    }

    pub(super) fn toolbox(&self) -> &Toolbox {
        &self.0.toolbox
    }

    pub(super) fn ad_hoc(&self) -> &AdHoc {
        &self.0.ad_hoc
    }

    pub(super) fn health(&self) -> Option<&dyn HealthSource> {
        self.0.around.health.as_deref()
    }

    pub(super) fn options(&self) -> &McpOptions {
        &self.0.options
    }

    /// Who calls where nobody signs in.
    pub fn local_caller(&self) -> Arc<Caller> {
        Arc::clone(&self.0.options.local)
    }

    /// The connection that a call means, opened if need be.
    pub(super) async fn connection(
        &self,
        name: Option<&str>,
        call: &Call,
    ) -> Result<Arc<OpenConnection>, Failure> {
        let opened = call
            .unless_cancelled(self.view(call).connection(name))
            .await;
        match &opened {
            Ok(connection) => call.on(connection),
            Err(_) => self.meant(name, call),
        }
        match call.questions() {
            Some(questions) => Ok(Arc::new(opened?.watched(questions))),
            None => opened,
        }
    }

    /// Says which connection a call would have been about.
    fn meant(&self, name: Option<&str>, call: &Call) {
        let view = self.view(call);
        let name = match name {
            Some(name) => ConnectionName::new(name),
            None => view.implied_name(),
        };
        if let Ok(name) = name
            && let Ok(config) = view.configuration(name.as_str())
        {
            call.about(name.as_str(), config.engine.name);
        }
    }

    /// What waits for the client. Whoever serves it has to count there.
    pub(super) fn backlog(&self) -> Arc<Backlog> {
        self.0.turns.backlog()
    }

    /// Room for an answer of so many bytes. Waits for others to be done; memory is not waited for.
    pub(super) async fn room(&self, bytes: usize, call: &Call) -> Result<Room<'_>, Failure> {
        let place = self.0.turns.room(bytes, &call.cancel).await?;
        let memory = match &self.0.around.memory {
            Some(guard) => guard.promise(bytes)?,
            None => None,
        };
        Ok(Room {
            _place: place,
            _memory: memory,
        })
    }

    pub(super) fn shutdown_grace(&self) -> Duration {
        self.0.options.shutdown_grace
    }

    /// Fires when running calls are to be cancelled because the server stops.
    pub(super) fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    /// Cancels what runs.
    pub fn stop(&self) {
        self.0.stopping.cancel();
    }

    /// A client has begun a session, which lasts as long as its transport.
    pub(super) fn joined(&self, client: &Implementation, context: &RequestContext<RoleServer>) {
        self.0.sessions.joined(
            client.name.clone(),
            context.peer.clone(),
            &self.0.around.observers,
        );
    }
}
