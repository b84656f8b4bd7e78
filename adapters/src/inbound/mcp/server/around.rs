//! What happens around every call: it is let in, has its turn, survives a panic, and is told to whoever watches and records.

use std::{any::Any, future::Future, panic::AssertUnwindSafe, sync::Arc};

use domain::{
    Cancel, Failure,
    access::Grant,
    calls::{CallRecord, Caller, InFlight},
    cancel::CancelReason,
};
use futures_util::FutureExt as _;
use rmcp::{ErrorData, RoleServer, model::JsonObject, service::RequestContext};

use super::{
    super::{
        aside,
        call::{self, Call},
        failure,
        watched::Watched,
    },
    McpServer, Shared,
};

/// What stands for the name of a tool that there is not: clients can make up any number of them.
const NO_TOOL: &str = "other";

impl McpServer {
    /// Runs a tool in its turn, logs the call, and survives a tool that panics.
    pub(super) async fn run(
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
    pub(in super::super) async fn guarded<T>(
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
    pub(in super::super) async fn observed<T>(
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
