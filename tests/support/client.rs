//! The built server at the other end of its standard streams, and a client that writes every byte itself.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{
    databases::{unique, variable},
    scratch::Scratch,
};

/// The newest revision of the protocol with an `initialize` handshake, and the one without.
pub const LEGACY: &str = "2025-11-25";
pub const MODERN: &str = "2026-07-28";

/// No answer takes longer, unless something is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// What connects the two processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wire {
    /// What shells and most clients use.
    #[default]
    Pipes,
    /// What Node uses.
    #[cfg(unix)]
    Sockets,
}

/// How to start the server.
#[derive(Debug, Clone, Default)]
pub struct Launch {
    pub wire: Wire,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Nobody reads what the server writes to its error stream.
    pub log_unread: bool,
}

impl Launch {
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// A configured connection, by its URL.
    #[must_use]
    pub fn database(self, name: &str, url: impl Into<String>) -> Self {
        self.with(&format!("{}_DB_URL", name.to_uppercase()), url)
    }

    #[must_use]
    pub fn with_its_log_unread(mut self) -> Self {
        self.log_unread = true;
        self
    }

    #[must_use]
    pub fn over(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    #[must_use]
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    #[must_use]
    pub fn arguments(self, arguments: &[&str]) -> Self {
        arguments
            .iter()
            .fold(self, |launch, &argument| launch.argument(argument))
    }

    /// In `folder`, with no other environment than what was given.
    pub(crate) fn command(&self, folder: &Path) -> Command {
        let mut command = self.command_of(&binary(), folder);
        command.args(&self.arguments);
        command
    }

    /// The same of another program, without arguments.
    pub(crate) fn command_of(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir(folder)
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs it in `folder` until it ends by itself, with nothing to read on its input.
    pub async fn run_in(self, folder: &Path) -> Ran {
        let mut command = self.command(folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let output = timeout(PATIENCE, command.output())
            .await
            .expect("the program ends")
            .unwrap();
        Ran {
            code: output.status.code().expect("it ends by itself"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same in an empty folder.
    pub async fn run(self) -> Ran {
        let folder = Scratch::new();
        self.run_in(&folder.path("")).await
    }

    /// Starts it in an empty folder of its own.
    pub fn start(self) -> Server {
        let folder = std::env::temp_dir().join(unique("portolan"));
        std::fs::create_dir_all(&folder).unwrap();
        let command = self.command(&folder);
        let (mut child, input, output) = connect(command, self.wire);
        let log = child.stderr.take().unwrap();
        Server {
            input: Some(input),
            output: BufReader::new(output),
            log: tokio::spawn(collect(log, self.log_unread)),
            child,
            folder,
            next_id: 0,
            unread: VecDeque::new(),
        }
    }
}

/// What a command that ends by itself has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

type Input = Box<dyn AsyncWrite + Send + Unpin>;
type Output = Box<dyn AsyncRead + Send + Unpin>;

fn connect(mut command: Command, wire: Wire) -> (Child, Input, Output) {
    match wire {
        Wire::Pipes => {
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let input = Box::new(child.stdin.take().unwrap());
            let output = Box::new(child.stdout.take().unwrap());
            (child, input, output)
        }
        #[cfg(unix)]
        Wire::Sockets => {
            use std::os::{fd::OwnedFd, unix::net::UnixStream};
            let pair = || {
                let (ours, theirs) = UnixStream::pair().unwrap();
                ours.set_nonblocking(true).unwrap();
                let ours = tokio::net::UnixStream::from_std(ours).unwrap();
                (ours, Stdio::from(OwnedFd::from(theirs)))
            };
            let (input, stdin) = pair();
            let (output, stdout) = pair();
            let child = command.stdin(stdin).stdout(stdout).spawn().unwrap();
            (child, Box::new(input), Box::new(output))
        }
    }
}

async fn collect(mut log: impl AsyncRead + Unpin, unread: bool) -> String {
    let mut bytes = Vec::new();
    if unread {
        // Held open until the server is gone.
        std::future::pending::<()>().await;
    }
    log.read_to_end(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The binary that was built beside this test.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test
        .ancestors()
        .find(|folder| !folder.ends_with("deps") && folder.is_dir())
        .unwrap();
    let binary = folder
        .join("portolan")
        .with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        binary.is_file(),
        "{} is not built: run `cargo build -p bootstrap` first, or use tests/run",
        binary.display()
    );
    binary
}

/// The server, running.
pub struct Server {
    child: Child,
    input: Option<Input>,
    output: BufReader<Output>,
    log: tokio::task::JoinHandle<String>,
    folder: PathBuf,
    next_id: u64,
    /// Messages that came while another was waited for.
    unread: VecDeque<Value>,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub text: String,
    pub is_error: bool,
    pub structured: Option<Value>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// The answer of a call that worked.
    pub fn ok(&self) -> Value {
        assert!(!self.is_error, "the call failed: {}", self.text);
        self.json()
    }

    /// The failure of a call that did not.
    pub fn failure(&self) -> Value {
        assert!(self.is_error, "the call worked: {}", self.text);
        self.json()
    }
}

impl Server {
    /// With the old handshake behind it.
    pub async fn start(launch: Launch) -> Self {
        let mut server = launch.start();
        server.initialize(LEGACY).await;
        server
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn process_id(&self) -> u32 {
        self.child.id().expect("the server runs")
    }

    /// The handshake of the older revisions; the result.
    pub async fn initialize(&mut self, version: &str) -> Value {
        let params = json!({
            "protocolVersion": version,
            "capabilities": {},
            "clientInfo": {"name": "suite", "version": "0"},
        });
        let result = self.request("initialize", params).await["result"].clone();
        self.notify("notifications/initialized", &json!({})).await;
        result
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("the input is open");
        timeout(PATIENCE, input.write_all(bytes))
            .await
            .expect("the server reads")
            .unwrap();
        input.flush().await.unwrap();
    }

    pub async fn send(&mut self, message: &Value) {
        self.send_bytes(format!("{message}\n").as_bytes()).await;
    }

    pub async fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
            .await;
    }

    /// Sends a request without waiting for its answer; its id.
    pub async fn begin(&mut self, method: &str, params: Value) -> u64 {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .await;
        id
    }

    pub async fn begin_call(&mut self, tool: &str, arguments: Value) -> u64 {
        self.begin("tools/call", json!({"name": tool, "arguments": arguments}))
            .await
    }

    /// The next message, or `None` at the end of output.
    pub async fn receive(&mut self) -> Option<Value> {
        if let Some(message) = self.unread.pop_front() {
            return Some(message);
        }
        let mut line = String::new();
        let read = timeout(PATIENCE, self.output.read_line(&mut line));
        match read.await.expect("the server answers") {
            Ok(0) => None,
            Ok(_) => Some(
                serde_json::from_str(&line)
                    .unwrap_or_else(|_| panic!("not a message on standard output: {line}")),
            ),
            Err(error) => panic!("standard output cannot be read: {error}"),
        }
    }

    pub async fn next(&mut self) -> Value {
        self.receive().await.expect("another message")
    }

    /// The answer to a request; what else comes is kept.
    pub async fn answer(&mut self, id: u64) -> Value {
        let mut others = VecDeque::new();
        let answer = loop {
            let message = self.next().await;
            if message["id"] == id && message.get("method").is_none() {
                break message;
            }
            others.push_back(message);
        };
        others.append(&mut self.unread);
        self.unread = others;
        answer
    }

    pub async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params).await;
        self.answer(id).await
    }

    pub async fn call_answer(&mut self, id: u64) -> Answer {
        let message = self.answer(id).await;
        tool_answer(&message)
    }

    pub async fn call(&mut self, tool: &str, arguments: Value) -> Answer {
        let id = self.begin_call(tool, arguments).await;
        self.call_answer(id).await
    }

    /// Runs one statement on the only, or named, connection.
    pub async fn query(&mut self, sql: &str) -> Value {
        self.call("execute_query", json!({"sql": sql})).await.ok()
    }

    /// The end of input.
    pub async fn close_input(&mut self) {
        if let Some(mut input) = self.input.take() {
            input.shutdown().await.unwrap();
        }
    }

    /// Nobody reads what the server writes any more.
    pub fn close_output(&mut self) {
        self.output = BufReader::new(Box::new(tokio::io::empty()));
    }

    #[cfg(unix)]
    pub async fn signal(&self, signal: &str) {
        let done = Command::new("kill")
            .args(["-s", signal, &self.process_id().to_string()])
            .status()
            .await
            .unwrap();
        assert!(done.success());
    }

    /// Waits for the process to end; how it ended, and how long that took from now.
    pub async fn exit(&mut self) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        let status = timeout(PATIENCE, self.child.wait())
            .await
            .expect("the server ends")
            .unwrap();
        (status, asked.elapsed())
    }

    /// Everything it logged; ends the server first, if it still runs.
    pub async fn log(mut self) -> String {
        self.close_input().await;
        self.exit().await;
        (&mut self.log).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whatever is left in there is nobody's business any more.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What a `tools/call` answered.
pub fn tool_answer(message: &Value) -> Answer {
    let result = &message["result"];
    let content = result["content"]
        .as_array()
        .unwrap_or_else(|| panic!("not the answer of a tool: {message}"));
    assert_eq!(content.len(), 1, "one block of content: {message}");
    assert_eq!(content[0]["type"], "text");
    Answer {
        text: content[0]["text"].as_str().unwrap().to_owned(),
        is_error: result["isError"].as_bool().unwrap_or(false),
        structured: result.get("structuredContent").cloned(),
    }
}

/// The metadata that every request of the newest revision carries.
pub fn modern_meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "suite", "version": "0"},
    })
}

/// A program that tests run, by the variable that names it; `None` where somebody runs a test by hand without it.
pub fn provided(name: &str) -> Option<PathBuf> {
    let path = variable(name).map(PathBuf::from);
    if path.is_none() {
        left_out(&format!("{name} is not set: use tests/run"));
    }
    path
}

/// A test has nothing to run here, and says why. A run of everything, which `PORTOLAN_TEST_WHOLE` tells of, fails over that.
pub fn left_out(why: &str) {
    assert!(
        variable("PORTOLAN_TEST_WHOLE").is_none(),
        "{why} (a run of everything leaves nothing out)"
    );
    eprintln!("{why}");
}
