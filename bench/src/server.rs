//! MCP servers over stdio: Portolan, and any peer that it is to be compared with.

use std::{
    borrow::Cow,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json, value::RawValue};

use crate::{
    Fallible,
    child::{Child, Wiring},
    contender::{Contender, Running},
    table::Table,
    work::{Performed, Query, Work, in_flight_warm_up},
};

/// Asked for with large results: no answer of this benchmark is longer.
const MAX_BYTES: u32 = 32_000_000;

/// Statements that are under way at once where many are run.
const UNDER_WAY: usize = 8;

/// How a server is started and called.
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) calls: Calls,
    pub(crate) wiring: Wiring,
    pub(crate) table: Table,
    /// Where its log goes.
    pub(crate) scratch: PathBuf,
}

/// How a query is put to a server.
#[derive(Debug, Clone)]
pub(crate) enum Calls {
    /// Portolan's `execute_query`; answers are checked for the right number of rows.
    Portolan,
    /// Another server's tool, and the argument that takes the SQL. Of its answers no more is known than whether they
    /// are errors, and their length.
    Peer { tool: String, sql_argument: String },
}

impl Calls {
    fn tool(&self) -> &str {
        match self {
            Self::Portolan => "execute_query",
            Self::Peer { tool, .. } => tool,
        }
    }

    fn arguments(&self, query: Query, sql: &str, parameter: Option<i64>) -> Value {
        match self {
            Self::Portolan => {
                let mut arguments = json!({ "connection": Server::CONNECTION, "sql": sql });
                if let Some(parameter) = parameter {
                    set(&mut arguments, "params", json!([parameter]));
                }
                if let Query::Rows(rows) = query {
                    set(&mut arguments, "maxRows", json!(rows));
                    set(&mut arguments, "maxBytes", json!(MAX_BYTES));
                }
                arguments
            }
            Self::Peer { sql_argument, .. } => {
                let mut arguments = json!({});
                set(&mut arguments, sql_argument, json!(sql));
                arguments
            }
        }
    }
}

fn set(arguments: &mut Value, name: &str, value: Value) {
    if let Value::Object(arguments) = arguments {
        arguments.insert(name.to_owned(), value);
    }
}

impl Server {
    /// The connection's name in Portolan.
    pub(crate) const CONNECTION: &str = "bench";

    /// Portolan on one database, with its defaults.
    pub(crate) fn portolan(
        program: PathBuf,
        url: &str,
        further: &[String],
        wiring: Wiring,
        table: Table,
        scratch: PathBuf,
    ) -> Self {
        let mut arguments = vec!["--url".to_owned(), format!("{}={url}", Self::CONNECTION)];
        arguments.extend_from_slice(further);
        Self {
            name: "portolan".to_owned(),
            program,
            arguments,
            calls: Calls::Portolan,
            wiring,
            table,
            scratch,
        }
    }

    /// Starts the process and shakes hands. Nothing is connected yet.
    pub(crate) fn start(&self) -> Fallible<Session<'_>> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        if matches!(self.calls, Calls::Portolan) {
            // Neither this shell's settings nor a configuration file that lies about.
            command.env_clear().current_dir(&self.scratch);
        }
        let child = Child::start(
            &self.name,
            command,
            self.wiring,
            &self.scratch.join(format!("{}.log", self.name)),
        )?;
        let mut session = Session {
            server: self,
            child,
            line: Vec::new(),
            next_id: 0,
            version: String::new(),
        };
        let _waiting = session.child.wait_within_reason();
        session.initialize()?;
        Ok(session)
    }
}

impl Contender for Server {
    fn name(&self) -> &str {
        &self.name
    }

    fn can(&self, query: Query) -> bool {
        matches!(self.calls, Calls::Portolan) || query != Query::Lookup
    }

    fn launch(&self) -> Fallible<Box<dyn Running + '_>> {
        let mut session = self.start()?;
        let _waiting = session.child.wait_within_reason();
        session.timed_call(Query::SelectOne, 0)?;
        Ok(Box::new(session))
    }
}

/// One running server.
pub(crate) struct Session<'a> {
    server: &'a Server,
    child: Child,
    /// The line that was read last; kept, so that its memory is.
    line: Vec<u8>,
    next_id: u64,
    /// What it says of itself: name and version.
    pub(crate) version: String,
}

/// A JSON-RPC message from the server.
#[derive(Deserialize)]
struct Message<'a> {
    id: Option<u64>,
    /// Only requests and notifications have one, which are not for us.
    method: Option<IgnoredAny>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolResult<C> {
    content: Vec<C>,
    #[serde(default)]
    is_error: bool,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    text: Cow<'a, str>,
}

/// As much of an answer of `execute_query` as tells whether it is whole.
#[derive(Deserialize)]
struct Page<C> {
    rows: Vec<C>,
    truncated: Option<IgnoredAny>,
}

impl Session<'_> {
    fn initialize(&mut self) -> Fallible<()> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Initialized {
            server_info: ServerInfo,
        }
        #[derive(Deserialize)]
        struct ServerInfo {
            name: String,
            version: String,
        }
        let request = self.request(
            "initialize",
            &json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": { "name": "bench", "version": env!("CARGO_PKG_VERSION") },
            }),
        );
        self.exchange(&request)?;
        let ServerInfo { name, version } = self.result::<Initialized>()?.server_info;
        self.version = format!("{name} {version}");
        self.child
            .send("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n")
    }

    /// Characters of the answer to `tools/list`, as it came.
    pub(crate) fn tools_list_characters(&mut self) -> Fallible<u64> {
        let request = self.request("tools/list", &json!({}));
        self.exchange(&request)?;
        let result = self.result::<&RawValue>()?;
        Ok(u64::try_from(result.get().chars().count())?)
    }

    /// Bytes of result text for the table's first rows in one of Portolan's formats.
    pub(crate) fn text_bytes(&mut self, rows: u32, format: &str) -> Fallible<u64> {
        let server = self.server;
        let sql = server.table.rows(rows);
        let mut arguments = server.calls.arguments(Query::Rows(rows), &sql, None);
        set(&mut arguments, "format", json!(format));
        let request = self.call(&arguments);
        self.exchange(&request)?;
        Ok(u64::try_from(self.text()?.len())?)
    }

    /// One call, from the request's first byte to the answer's last; returns the bytes of the answer's text too.
    fn timed_call(&mut self, query: Query, call: u64) -> Fallible<(u64, u64)> {
        let server = self.server;
        let (sql, parameter) = query.statement(&server.table, call);
        let request = self.call(&server.calls.arguments(query, &sql, parameter));
        let begun = Instant::now();
        let ended = self.exchange(&request)?;
        let time_ns = nanoseconds(ended - begun)?;
        Ok((time_ns, self.check(query)?))
    }

    /// That the last answer is what was asked for; returns the bytes of its text.
    fn check(&self, query: Query) -> Fallible<u64> {
        let text = self.text()?;
        if let Calls::Portolan = self.server.calls {
            let page: Page<IgnoredAny> = serde_json::from_str(&text)?;
            if page.rows.len() != usize::try_from(query.rows())? || page.truncated.is_some() {
                return Err(format!(
                    "expected {} rows, got {}: {}",
                    query.rows(),
                    page.rows.len(),
                    beginning(&text)
                )
                .into());
            }
        }
        Ok(u64::try_from(text.len())?)
    }

    /// `SELECT 1` that many times, so many of them under way at any time; returns how long it took.
    fn fly(&mut self, in_flight: u32, calls: u32) -> Fallible<u64> {
        let arguments = self
            .server
            .calls
            .arguments(Query::SelectOne, "SELECT 1", None);
        let begun = Instant::now();
        let mut requests = String::new();
        let mut sent = in_flight.min(calls);
        for _ in 0..sent {
            requests.push_str(&self.call(&arguments));
        }
        let mut answered = 0;
        // So few bytes are under way that neither side can fill a pipe and wait for the other.
        while answered < calls {
            // Several answers may have come at once; what they make room for goes out in one write.
            if !requests.is_empty() && !self.child.has_line() {
                self.child.send(&requests)?;
                requests.clear();
            }
            self.child.receive(&mut self.line)?;
            if self.message()?.method.is_some() {
                continue;
            }
            self.tool_result::<IgnoredAny>()?;
            answered += 1;
            if sent < calls {
                requests.push_str(&self.call(&arguments));
                sent += 1;
            }
        }
        nanoseconds(begun.elapsed())
    }

    /// Calls any of Portolan's tools: the answer's text, and how long it took.
    pub(crate) fn ask(&mut self, tool: &str, arguments: &Value) -> Fallible<(String, Duration)> {
        let _waiting = self.child.wait_within_reason();
        let request = self.tool_call(tool, arguments);
        let begun = Instant::now();
        let ended = self.exchange(&request)?;
        Ok((self.text()?, ended - begun))
    }

    /// Runs statements of which nothing but their success is wanted, several under way at any time.
    pub(crate) fn run_all(&mut self, statements: &[String]) -> Fallible<()> {
        for batch in statements.chunks(UNDER_WAY) {
            let _waiting = self.child.wait_within_reason();
            let requests: String = batch
                .iter()
                .map(|sql| self.tool_call("execute_query", &json!({ "sql": sql })))
                .collect();
            self.child.send(&requests)?;
            let mut answered = 0;
            while answered < batch.len() {
                self.child.receive(&mut self.line)?;
                if self.message()?.method.is_none() {
                    self.tool_result::<IgnoredAny>()?;
                    answered += 1;
                }
            }
        }
        Ok(())
    }

    fn call(&mut self, arguments: &Value) -> String {
        let tool = self.server.calls.tool().to_owned();
        self.tool_call(&tool, arguments)
    }

    fn tool_call(&mut self, tool: &str, arguments: &Value) -> String {
        self.request(
            "tools/call",
            &json!({ "name": tool, "arguments": arguments }),
        )
    }

    fn request(&mut self, method: &str, params: &Value) -> String {
        self.next_id += 1;
        let id = self.next_id;
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}\n")
    }

    /// Sends a request and reads its answer; returns when the answer was whole.
    fn exchange(&mut self, request: &str) -> Fallible<Instant> {
        self.child.send(request)?;
        loop {
            let whole = self.child.receive(&mut self.line)?;
            let message = self.message()?;
            if message.method.is_none() && message.id.is_none_or(|id| id == self.next_id) {
                return Ok(whole);
            }
        }
    }

    /// The last line.
    fn message(&self) -> Fallible<Message<'_>> {
        serde_json::from_slice(&self.line).map_err(|error| {
            let line = String::from_utf8_lossy(&self.line);
            format!("{}: {error}: {}", self.server.name, beginning(&line)).into()
        })
    }

    /// The result in the last line.
    fn result<'a, T: Deserialize<'a>>(&'a self) -> Fallible<T> {
        let message = self.message()?;
        match message.result {
            Some(result) => Ok(serde_json::from_str(result.get())?),
            None => Err(format!(
                "{} answered with an error: {}",
                self.server.name,
                message.error.map_or("no result", RawValue::get)
            )
            .into()),
        }
    }

    /// The tool result in the last line, unless it is an error.
    fn tool_result<'a, C: Deserialize<'a>>(&'a self) -> Fallible<ToolResult<C>> {
        let result: ToolResult<C> = self.result()?;
        if result.is_error {
            let line = String::from_utf8_lossy(&self.line);
            return Err(format!("{} refused: {}", self.server.name, beginning(&line)).into());
        }
        Ok(result)
    }

    /// The text of the tool result in the last line.
    fn text(&self) -> Fallible<String> {
        let result: ToolResult<Content<'_>> = self.tool_result()?;
        Ok(result
            .content
            .into_iter()
            .map(|content| content.text)
            .collect())
    }
}

impl Running for Session<'_> {
    fn pid(&self) -> u32 {
        self.child.pid()
    }

    fn perform(&mut self, work: &Work) -> Fallible<Performed> {
        let _waiting = self.child.wait_within_reason();
        let mut performed = Performed::default();
        match *work {
            Work::Start => {
                let begun = Instant::now();
                let mut another = self.server.start()?;
                another.timed_call(Query::SelectOne, 0)?;
                performed.times_ns.push(nanoseconds(begun.elapsed())?);
            }
            Work::Calls {
                query,
                calls,
                warm_up,
                first,
                pause_ms,
            } => {
                for call in 0..warm_up + calls {
                    if pause_ms > 0 {
                        thread::sleep(Duration::from_millis(pause_ms));
                    }
                    let (time_ns, text_bytes) = self.timed_call(query, first + u64::from(call))?;
                    if call >= warm_up {
                        performed.times_ns.push(time_ns);
                        performed.text_bytes = Some(text_bytes);
                    }
                }
            }
            Work::InFlight { in_flight, calls } => {
                self.fly(in_flight, in_flight_warm_up(in_flight))?;
                performed.times_ns.push(self.fly(in_flight, calls)?);
            }
        }
        Ok(performed)
    }

    fn ask(&mut self, sql: &str) -> Fallible<String> {
        let _waiting = self.child.wait_within_reason();
        let arguments = self.server.calls.arguments(Query::SelectOne, sql, None);
        let request = self.call(&arguments);
        self.exchange(&request)?;
        let page: Page<Vec<Value>> = serde_json::from_str(&self.text()?)?;
        let cell = page.rows.first().and_then(|row| row.first());
        Ok(cell
            .and_then(Value::as_str)
            .ok_or_else(|| format!("`{sql}` gave no text"))?
            .to_owned())
    }
}

fn nanoseconds(time: Duration) -> Fallible<u64> {
    Ok(u64::try_from(time.as_nanos())?)
}

/// As much of a long text as a message can take.
fn beginning(text: &str) -> String {
    text.chars().take(500).collect()
}
