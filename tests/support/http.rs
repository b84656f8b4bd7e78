//! The built server over HTTP, and a client that writes every byte itself.

use std::{
    net::SocketAddr,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    sync::watch,
    time::timeout,
};

use crate::{
    client::{Answer, LEGACY, Launch, MODERN, binary, modern_meta, tool_answer},
    scratch::Scratch,
};

/// No answer takes longer, unless something is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server, running, and listening where the system chose.
pub struct HttpServer {
    child: Child,
    pub address: SocketAddr,
    log: Arc<Mutex<String>>,
    _folder: Scratch,
}

impl HttpServer {
    /// Where `launch` says nothing of HTTP, it listens on this machine.
    pub async fn start(launch: Launch) -> Self {
        Self::of(launch, |launch, folder| {
            let mut command = launch.command(folder);
            command.stdout(Stdio::null());
            command
        })
        .await
    }

    /// The same with a third descriptor.
    #[cfg(unix)]
    pub async fn start_with_third(launch: Launch, third: impl Into<Stdio>) -> Self {
        Self::of(launch, |launch, folder| {
            let mut command = launch.command_of(Path::new("/bin/sh"), folder);
            command
                .args(["-c", r#"exec "$0" "$@" 3>&1 >/dev/null"#])
                .arg(binary())
                .args(&launch.arguments)
                .stdout(third);
            command
        })
        .await
    }

    async fn of(launch: Launch, command: impl FnOnce(&Launch, &Path) -> Command) -> Self {
        let says_where = launch.arguments.iter().any(|argument| argument == "--http");
        let launch = if says_where {
            launch
        } else {
            launch.arguments(&["--http", "127.0.0.1:0"])
        };
        let folder = Scratch::new();
        let mut child = command(&launch, &folder.path(""))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (tell, mut told) = watch::channel(None);
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let kept = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Ok(said) = serde_json::from_str::<Value>(&line)
                    && said["message"] == "serving HTTP"
                {
                    let address: SocketAddr = said["address"].as_str().unwrap().parse().unwrap();
                    tell.send_replace(Some(address));
                }
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let listens = timeout(PATIENCE, told.wait_for(Option::is_some)).await;
        let address = match listens {
            Ok(Ok(address)) => address.unwrap(),
            _ => panic!("the server does not listen: {}", log.lock().unwrap()),
        };
        Self {
            child,
            address,
            log,
            _folder: folder,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    pub fn process_id(&self) -> u32 {
        self.child.id().expect("the server runs")
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub async fn connect(&self) -> Connection<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Connection::new(stream)
    }

    /// One request on a connection of its own.
    pub async fn send(&self, request: &Request) -> Response {
        let mut connection = self.connect().await;
        connection.send(request).await;
        connection.response().await
    }

    /// A call of the newest revision, on a connection of its own.
    pub async fn call(&self, tool: &str, arguments: Value) -> Answer {
        let response = self.send(&Request::call(tool, arguments)).await;
        tool_answer(&response.json())
    }

    #[cfg(unix)]
    pub async fn signal(&self, signal: &str) {
        let done = tokio::process::Command::new("kill")
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
}

/// A request, to be written as it is.
#[derive(Debug, Clone)]
pub struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Request {
    pub fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// A message for `/mcp`, with what every client sends beside it.
    pub fn message(body: &(impl ToString + ?Sized)) -> Self {
        Self {
            method: "POST",
            path: "/mcp".to_owned(),
            headers: Vec::new(),
            body: body.to_string(),
        }
        .with("Content-Type", "application/json")
        .with("Accept", "application/json, text/event-stream")
    }

    /// A request of the newest revision, complete.
    pub fn modern(method: &str, mut params: Value) -> Self {
        let name = params["name"].as_str().map(str::to_owned);
        let meta = params["_meta"].take();
        params["_meta"] = modern_meta();
        if let Value::Object(more) = meta {
            params["_meta"].as_object_mut().unwrap().extend(more);
        }
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = Self::message(&body)
            .with("MCP-Protocol-Version", MODERN)
            .with("Mcp-Method", method);
        match name {
            Some(name) => request.with("Mcp-Name", &name),
            None => request,
        }
    }

    pub fn call(tool: &str, arguments: Value) -> Self {
        let mut params = json!({"name": tool});
        params["arguments"] = arguments;
        Self::modern("tools/call", params)
    }

    pub fn query(sql: &str) -> Self {
        Self::call("execute_query", json!({"sql": sql}))
    }

    /// The handshake of the older revisions.
    pub fn initialize() -> Self {
        Self::message(
            &json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
                "protocolVersion": LEGACY,
                "capabilities": {},
                "clientInfo": {"name": "suite", "version": "0"},
            }}),
        )
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(given, _)| !given.eq_ignore_ascii_case(name));
        self
    }

    /// The same for another path.
    #[must_use]
    pub fn to(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    #[must_use]
    pub fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    /// As it goes over the wire, with the host that it is sent to unless it names one.
    fn text(&self) -> String {
        use std::fmt::Write;

        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        let names_host = self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"));
        if !names_host {
            text.push_str("Host: localhost\r\n");
        }
        for (name, value) in &self.headers {
            write!(text, "{name}: {value}\r\n").unwrap();
        }
        if self.method == "POST" {
            write!(text, "Content-Length: {}\r\n", self.body.len()).unwrap();
        }
        text.push_str("\r\n");
        text.push_str(&self.body);
        text
    }
}

/// An answer, or the beginning of one that goes on.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    /// Empty where the answer is a stream of events.
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|_| panic!("{} and no JSON: {}", self.status, self.body))
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding") == Some("chunked")
    }
}

/// One connection, on which answers come in order.
pub struct Connection<S> {
    stream: BufReader<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub fn new(stream: S) -> Self {
        Self {
            stream: BufReader::new(stream),
        }
    }

    pub async fn send(&mut self, request: &Request) {
        self.write(request.text().as_bytes()).await;
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Writes as much as the server takes; whether that was all.
    pub async fn write_until_refused(&mut self, bytes: &[u8]) -> bool {
        let written = timeout(PATIENCE, self.stream.write_all(bytes)).await;
        written.expect("the server takes or refuses it").is_ok()
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        timeout(PATIENCE, self.stream.read_line(&mut line))
            .await
            .expect("the server answers")
            .unwrap();
        line.trim_end_matches(['\r', '\n']).to_owned()
    }

    /// Whether a `GET` is answered with 200, and not the connection closed.
    pub async fn answers(mut self, path: &str) -> bool {
        let request = Request::get(path).text();
        let sent = self.stream.write_all(request.as_bytes()).await.is_ok();
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).await.is_ok();
        sent && read && line.starts_with("HTTP/1.1 200 ")
    }

    /// The answer to a request, unless the connection ends before it has come.
    pub async fn answer(&mut self, request: &Request) -> Option<Response> {
        let sent = self.stream.write_all(request.text().as_bytes()).await;
        sent.ok()?;
        let mut text = String::new();
        while !text.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut text).await.ok()? == 0 {
                return None;
            }
        }
        let mut whole = Connection::new(std::io::Cursor::new(text.into_bytes()));
        let mut response = whole.head().await;
        let length = response.header("content-length")?.parse().ok()?;
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).await.ok()?;
        response.body = String::from_utf8(bytes).unwrap();
        Some(response)
    }

    /// The head of the next answer.
    pub async fn head(&mut self) -> Response {
        let first = self.line().await;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut headers = Vec::new();
        loop {
            let line = self.line().await;
            match line.split_once(':') {
                Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
                None => break,
            }
        }
        Response {
            status: status.unwrap_or_else(|| panic!("no answer: {first:?}")),
            headers,
            body: String::new(),
        }
    }

    /// The next answer, all of it.
    pub async fn response(&mut self) -> Response {
        let mut response = self.head().await;
        let bytes = if response.is_chunked() {
            let mut bytes = Vec::new();
            while let Some(chunk) = self.chunk().await {
                bytes.extend(chunk);
            }
            bytes
        } else {
            let length = response.header("content-length").map(str::parse);
            let mut bytes = vec![0; length.map_or(0, Result::unwrap)];
            let read = timeout(PATIENCE, self.stream.read_exact(&mut bytes)).await;
            read.expect("the server answers").unwrap();
            bytes
        };
        response.body = String::from_utf8(bytes).unwrap();
        response
    }

    /// The next piece of a stream; nothing at its end.
    pub async fn chunk(&mut self) -> Option<Vec<u8>> {
        let length = usize::from_str_radix(&self.line().await, 16).ok()?;
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes).await.ok()?;
        bytes.truncate(length);
        (length > 0).then_some(bytes)
    }

    /// The next message of a stream of events; nothing at its end.
    pub async fn event(&mut self) -> Option<Event> {
        let mut event = Event::default();
        loop {
            let text = String::from_utf8(self.chunk().await?).unwrap();
            for line in text.lines() {
                match line.split_once(": ").unwrap_or((line, "")) {
                    ("data", "") => {}
                    ("data", data) => event.message = serde_json::from_str(data).unwrap(),
                    ("id", id) => event.id = Some(id.to_owned()),
                    _ => {}
                }
            }
            if !event.message.is_null() || event.id.is_some() {
                return Some(event);
            }
        }
    }

    /// The next event that is a message.
    pub async fn message(&mut self) -> Option<Value> {
        loop {
            let event = self.event().await?;
            if !event.message.is_null() {
                return Some(event.message);
            }
        }
    }

    /// Waits until the server closes the connection, whatever it says before; how long that took.
    pub async fn closed(&mut self) -> Duration {
        let asked = Instant::now();
        let mut rest = Vec::new();
        // A reset is an end too.
        let _ = timeout(PATIENCE, self.stream.read_to_end(&mut rest))
            .await
            .expect("the server closes the connection");
        asked.elapsed()
    }
}

/// An event of a stream.
#[derive(Debug, Clone, Default)]
pub struct Event {
    pub id: Option<String>,
    /// Null where it only says where to go on.
    pub message: Value,
}

/// A client of the older revisions, with the handshake behind it.
pub struct Session {
    pub id: String,
    address: SocketAddr,
}

impl Session {
    pub async fn begin(server: &HttpServer) -> Self {
        let response = server.send(&Request::initialize()).await;
        assert_eq!(response.status, 200, "{}", response.body);
        let session = Self {
            id: response.header("mcp-session-id").unwrap().to_owned(),
            address: server.address,
        };
        let ready = session.notify("notifications/initialized", &json!({}));
        assert_eq!(server.send(&ready).await.status, 202);
        session
    }

    /// A message of this session's.
    pub fn message(&self, message: &Value) -> Request {
        Request::message(message)
            .with("Mcp-Session-Id", &self.id)
            .with("MCP-Protocol-Version", LEGACY)
    }

    pub fn notify(&self, method: &str, params: &Value) -> Request {
        self.message(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    pub fn request(&self, id: u64, method: &str, params: &Value) -> Request {
        self.message(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
    }

    /// Its own stream, or that which broke off after an event.
    pub fn listen(&self, after: Option<&str>) -> Request {
        let request = Request::get("/mcp")
            .with("Accept", "text/event-stream")
            .with("Mcp-Session-Id", &self.id)
            .with("MCP-Protocol-Version", LEGACY);
        match after {
            Some(event) => request.with("Last-Event-ID", event),
            None => request,
        }
    }

    /// A call whose answer is waited for on a connection of its own.
    pub async fn begin_call(&self, id: u64, tool: &str, arguments: Value) -> Connection<TcpStream> {
        let params = json!({"name": tool, "arguments": arguments});
        let mut connection = Connection::new(TcpStream::connect(self.address).await.unwrap());
        connection
            .send(&self.request(id, "tools/call", &params))
            .await;
        let head = connection.head().await;
        assert_eq!(head.status, 200);
        connection
    }

    pub async fn call(&self, id: u64, tool: &str, arguments: Value) -> Answer {
        let mut connection = self.begin_call(id, tool, arguments).await;
        tool_answer(&connection.message().await.expect("an answer"))
    }
}

/// What is answered at an address such as `127.0.0.1:8080`, on a connection of its own.
pub async fn ask(place: &str, request: &Request) -> Response {
    let mut connection = Connection::new(TcpStream::connect(place).await.unwrap());
    connection.send(request).await;
    connection.response().await
}

/// The same for a path alone.
pub async fn get(place: &str, path: &str) -> Response {
    ask(place, &Request::get(path)).await
}
