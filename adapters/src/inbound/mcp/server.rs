//! The server, and what stands around every call: turns, ends, signs of life, the log.

use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

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
    calls::{
        Asked, AuditTrail, CallLimits, CallObserver, CallRecord, Caller, Claims, InFlight,
        Principal, TraceContext, Tracing,
    },
    cancel::CancelReason,
    connection::ConnectionName,
    health::HealthSource,
};
use futures_util::FutureExt as _;
use http::request::Parts;
use rmcp::{
    ErrorData, RoleServer,
    model::{Implementation, JsonObject, ProgressNotificationParam, ProtocolVersion},
    service::RequestContext,
};
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::{
    aside,
    backlog::Backlog,
    call::{self, Call},
    failure,
    sessions::Sessions,
    tools::{Offered, ToolSelection, Toolbox},
    turns::Turns,
    watched::Watched,
};

/// A call that takes longer sends its first sign of life after this, if the client wants any.
const FIRST_PROGRESS: Duration = Duration::from_secs(1);
const NEXT_PROGRESS: Duration = Duration::from_secs(5);
/// How long an answer waits for a sign of life that is being written before it.
const PROGRESS_MAY_TAKE: Duration = Duration::from_millis(100);

/// The user that a call asks to act as, in its `_meta` or as a header.
const ACTS_FOR: &str = "x-rls-user-id";

/// What stands for the name of a tool that there is not: clients can make up any number of them.
const NO_TOOL: &str = "other";

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

    /// Who makes this request.
    pub(super) fn caller_of(&self, context: &RequestContext<RoleServer>) -> Arc<Caller> {
        let over_http = context.extensions.get::<Parts>();
        let caller = match over_http.map(|parts| parts.extensions.get::<Arc<Caller>>()) {
            None => self.local_caller(),
            Some(Some(caller)) => Arc::clone(caller),
            // Whoever comes over a network is never taken for the local user.
            Some(None) => Arc::new(Caller::new(Principal::new("nobody"), Claims::default())),
        };
        let text = |name| context.meta.get(name)?.as_str();
        let trace = text("traceparent")
            .and_then(TraceContext::parse)
            .map(|trace| trace.with_state(text("tracestate")));
        // Of a request that says everything itself the library knows no more, and puts its own name in the place of one.
        let client = match context.meta.protocol_version() {
            Some(_) => context.meta.client_info(),
            None => context.client_info(),
        };
        let client = client.map(|client| format!("{} {}", client.name, client.version));
        let acts_for = acts_for(context, over_http);
        let traced = self.0.around.tracing.as_ref();
        let asked = traced.map(|_| Box::new(asked(context, over_http)));
        if trace.is_none() && client.is_none() && acts_for.is_none() && asked.is_none() {
            return caller;
        }
        Arc::new(Caller {
            trace: trace.or_else(|| caller.trace.clone()),
            client: client.or_else(|| caller.client.clone()),
            acts_for,
            asked,
            ..Caller::clone(&caller)
        })
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

    /// Runs a tool in its turn, logs the call, and survives a tool that panics.
    async fn run(
        &self,
        tool: &str,
        arguments: JsonObject,
        caller: Arc<Caller>,
        cancel: Cancel,
    ) -> Result<Result<String, Failure>, String> {
        let grant = self.grant(&caller);
        let tool = match self.tool(tool, &grant) {
            Ok(tool) => tool,
            Err(unknown) => {
                self.refused(caller, grant, &unknown);
                return Err(unknown);
            }
        };
        let call = Arc::new(Call::of_tool(tool.name(), caller, grant, cancel));
        let work = async {
            let answer = if aside::is_long(&arguments) {
                aside::run(self, tool.name(), arguments, &call).await
            } else {
                tool.call(self, arguments, &call).await
            }?;
            call.answered(answer.len());
            Ok(answer)
        };
        Ok(self.guarded(&call, tool.reaches_database(), work).await)
    }

    /// Does `work` in its turn, if it needs one, lets others watch and record the call, and survives a panic.
    pub(super) async fn guarded<T>(
        &self,
        call: &Arc<Call>,
        needs_turn: bool,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.begins(call);
        let _running = self.0.around.book.as_ref().map(|book| book.begin(call));
        let mut telling = Telling::of(&self.0, call);
        let in_turn = async {
            let _place = self.enter(call).await?;
            let _turn = if needs_turn {
                Some(self.0.turns.take(&call.cancel).await?)
            } else {
                None
            };
            call.runs_now();
            work.await
        };
        let mut result = AssertUnwindSafe(in_turn)
            .catch_unwind()
            .await
            .unwrap_or_else(|panic| Err(defect(panic.as_ref())));
        if let Some(audit) = &self.0.around.audit {
            telling.is_recorded = true;
            if let Err(unrecorded) = audit.record(&call.record(result.as_ref().err())).await {
                result = Err(unrecorded);
            }
        }
        let record = call.record(result.as_ref().err());
        telling.done(&record);
        if let (Some(limits), Some(rows)) = (&self.0.around.limits, record.rows) {
            limits.gave(&call.caller, rows).await;
        }
        result
    }

    /// Lets others watch a request that is answered from what is here: it needs no turn, and leaves no record.
    pub(super) async fn observed<T>(
        &self,
        method: &'static str,
        context: &RequestContext<RoleServer>,
        work: impl Future<Output = Result<T, ErrorData>>,
    ) -> Result<T, ErrorData> {
        let caller = self.caller_of(context);
        let grant = self.grant(&caller);
        let call = Call::new(method, NO_TOOL, caller, grant, Cancel::new());
        call.runs_now();
        self.begins(&call);
        let watched = Watched::of(&self.0.around.observers, &call);
        let result = work.await;
        let failure = result.as_ref().err().map(failure::of_protocol);
        watched.end(failure.as_ref());
        result
    }

    /// A client has begun a session, which lasts as long as its transport.
    pub(super) fn joined(&self, client: &Implementation, context: &RequestContext<RoleServer>) {
        self.0.sessions.joined(
            client.name.clone(),
            context.peer.clone(),
            &self.0.around.observers,
        );
    }

    /// Lets others know of a call of a tool that there is not.
    fn refused(&self, caller: Arc<Caller>, grant: Grant, why: &str) {
        let call = Call::of_tool(NO_TOOL, caller, grant, Cancel::new());
        call.runs_now();
        self.begins(&call);
        Watched::of(&self.0.around.observers, &call).end(Some(&Failure::invalid_argument(why)));
    }

    /// Lets others know of a call that is about to run or to wait.
    fn begins(&self, call: &Call) {
        if let Some(tracing) = &self.0.around.tracing {
            call.is_traced(tracing.as_ref());
        }
        for observer in &self.0.around.observers {
            observer.began(&call.caller);
        }
    }

    /// Lets a call begin, unless it could not be recorded or its caller has to wait.
    async fn enter(&self, call: &Call) -> Result<InFlight, Failure> {
        if let Some(audit) = &self.0.around.audit {
            audit.ready()?;
        }
        match &self.0.around.limits {
            Some(limits) => limits.enter(&call.caller).await.inspect_err(|failure| {
                if let Some(slow_down) = &failure.slow_down {
                    for observer in &self.0.around.observers {
                        observer.limited(slow_down.limit);
                    }
                }
            }),
            None => Ok(InFlight::unlimited()),
        }
    }

    /// Waits for `work`, passes on the client's wish to end it, and lets the client know that it goes on.
    pub(super) async fn attend<T>(
        &self,
        work: impl Future<Output = T>,
        cancel: &Cancel,
        context: &RequestContext<RoleServer>,
    ) -> T {
        let sending = AtomicBool::new(false);
        let mut work = pin!(work);
        let mut progress = pin!(progress(context, &sending));
        tokio::select! {
            biased;
            result = &mut work => {
                // Nothing may follow the answer of a call, so what is on its way must be out before it.
                let sent = poll_fn(|waker| match progress.as_mut().poll(waker) {
                    Poll::Pending if sending.load(Ordering::Relaxed) => Poll::Pending,
                    _ => Poll::Ready(()),
                });
                if sending.load(Ordering::Relaxed) {
                    let _ = tokio::time::timeout(PROGRESS_MAY_TAKE, sent).await;
                }
                result
            }
            // Before the client's own end: where the server stops, that fires for the same reason.
            () = self.0.stopping.cancelled() => {
                cancel.fire(CancelReason::Shutdown);
                work.await
            }
            () = context.ct.cancelled() => {
                cancel.fire(CancelReason::Client);
                work.await
            }
            () = &mut progress => work.await,
        }
    }
}

/// Tells those who watch and record that a call has ended, whatever ended it: whoever waits for a call may be dropped.
struct Telling<'call> {
    server: &'call Shared,
    call: &'call Call,
    /// Or about to be.
    is_recorded: bool,
    is_told: bool,
}

impl<'call> Telling<'call> {
    fn of(server: &'call Shared, call: &'call Call) -> Self {
        Self {
            server,
            call,
            is_recorded: false,
            is_told: false,
        }
    }

    fn done(&mut self, record: &CallRecord<'_>) {
        self.is_told = true;
        for observer in &self.server.around.observers {
            observer.ended(record);
        }
        if let Some(book) = &self.server.around.book {
            book.ended(record);
        }
        call::log(record, self.server.options.slow_call);
    }
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        if self.is_told {
            return;
        }
        let failure = call::ended(CancelReason::Client);
        let record = self.call.record(Some(&failure));
        if let Some(audit) = &self.server.around.audit
            && !self.is_recorded
        {
            audit.abandoned(&record);
        }
        self.done(&record);
    }
}

/// Of what a request calls itself, so much is told.
const LONGEST_ID: usize = 128;

fn asked(context: &RequestContext<RoleServer>, over_http: Option<&Parts>) -> Asked {
    let session = over_http.and_then(|parts| parts.headers.get("mcp-session-id")?.to_str().ok());
    Asked {
        request: context.id.to_string().chars().take(LONGEST_ID).collect(),
        session: session.map(|id| id.chars().take(LONGEST_ID).collect()),
        protocol: context
            .protocol_version()
            .filter(|version| ProtocolVersion::KNOWN_VERSIONS.contains(version))
            .map(|version| version.as_str().to_owned()),
    }
}

/// The user that a call asks to act as. What is no text, or is said in two ways, is no name of a user, and refused as such.
fn acts_for(context: &RequestContext<RoleServer>, over_http: Option<&Parts>) -> Option<String> {
    let by_meta = context
        .meta
        .get(ACTS_FOR)
        .map(|value| value.as_str().unwrap_or_default());
    let by_header = over_http
        .and_then(|parts| parts.headers.get(ACTS_FOR))
        .map(|value| value.to_str().unwrap_or_default());
    match (by_meta, by_header) {
        (Some(one), Some(other)) if one != other => Some(String::new()),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

/// Tells the client now and then that its call goes on. Returns when the client does not want to know (any more).
async fn progress(context: &RequestContext<RoleServer>, sending: &AtomicBool) {
    let Some(token) = context.meta.get_progress_token() else {
        return std::future::pending().await;
    };
    let started = Instant::now();
    let mut ticks = interval_at(started + FIRST_PROGRESS, NEXT_PROGRESS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let seconds = started.elapsed().as_secs_f64();
        let progress =
            ProgressNotificationParam::new(token.clone(), seconds).with_message("running");
        sending.store(true, Ordering::Relaxed);
        let sent = context.peer.notify_progress(progress).await;
        sending.store(false, Ordering::Relaxed);
        if sent.is_err() {
            return std::future::pending().await;
        }
    }
}

/// The failure of a tool that panicked.
fn defect(panic: &(dyn Any + Send)) -> Failure {
    let words = panic
        .downcast_ref::<&str>()
        .map(|words| (*words).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Failure::internal("The call met a defect of this server.")
        .with_hint("Try it another way. Whoever runs this server finds the cause in its log.")
        .with_source(words)
}
