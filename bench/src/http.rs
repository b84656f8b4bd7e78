//! The built server over HTTP: JSON answers on connections that are kept, as clients of the newest revision use it.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    rc::Rc,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime::{self, Runtime},
    task::LocalSet,
    time::{Instant, timeout},
};

use crate::{
    Fallible,
    contender::{Contender, Running},
    figures::{Figure, Goal, Line, Ratio, median},
    measure::Effort,
    server::Server,
    work::{Work, in_flight_warm_up},
};

/// No calls that are measured here take a tenth of it.
const PATIENCE: Duration = Duration::from_mins(10);
const REVISION: &str = "2026-07-28";
/// Requests under way, and what the figure is called.
const FLIGHTS: [(u32, &str); 2] = [
    (1, "1 call in flight, over HTTP"),
    (64, "64 calls in flight, over HTTP"),
];
/// Calls on each connection in a round: fewer are over before the two processes have found their pace.
const LEAST_EACH: u32 = 64;
const HOW: &str = "SELECT 1; as many connections, each kept and with one request under way, answered as JSON, beside \
     the same server over stdio in the same rounds; the ratio is to stdio";

/// The server's process, which ends with this.
pub(crate) struct HttpProcess {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl HttpProcess {
    /// Starts the program with these arguments, listening where the system chooses.
    pub(crate) fn start(
        program: &Path,
        arguments: &[String],
        environment: &[(&str, String)],
        scratch: &Path,
    ) -> Fallible<Self> {
        use std::io::{BufRead as _, BufReader};

        let mut process = Command::new(program)
            .arg("serve")
            .args(arguments)
            .args(["--http", "127.0.0.1:0"])
            // Neither this shell's settings nor a configuration file that lies about.
            .env_clear()
            .env("MCP_LOG_FORMAT", "json")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(scratch)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let Some(log) = process.stderr.take() else {
            return Err("the server has no log".into());
        };
        let mut lines = BufReader::new(log).lines();
        let mut said = String::new();
        let address = loop {
            let Some(line) = lines.next().transpose()? else {
                return Err(format!("the server does not listen: {said}").into());
            };
            if let Ok(line) = serde_json::from_str::<Value>(&line)
                && line.get("message").and_then(Value::as_str) == Some("serving HTTP")
                && let Some(address) = line.get("address").and_then(Value::as_str)
            {
                break address.parse()?;
            }
            said.push_str(&line);
        };
        // A log that nobody reads would hold the server up.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { process, address })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for HttpProcess {
    fn drop(&mut self) {
        // It may have left already; either way it is gone after the wait.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits for everything in one thread: the client is to take as little as it can from the server.
pub(crate) fn waiting() -> Fallible<Runtime> {
    Ok(runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

/// A call of `SELECT 1`, as it goes over the wire.
pub(crate) fn request(token: Option<&str>) -> Vec<u8> {
    let authorization = token
        .map(|token| format!("Authorization: Bearer {token}\r\n"))
        .unwrap_or_default();
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "execute_query",
        "arguments": {"connection": Server::CONNECTION, "sql": "SELECT 1"},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": REVISION,
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    }})
    .to_string();
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: {REVISION}\r\n\
         Mcp-Method: tools/call\r\nMcp-Name: execute_query\r\n{authorization}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// One connection, with one request under way at most.
pub(crate) struct HttpClient {
    stream: TcpStream,
    /// The answer, as far as it has come.
    answer: Vec<u8>,
}

impl HttpClient {
    pub(crate) async fn connect(address: SocketAddr) -> Fallible<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            answer: Vec::with_capacity(4 * 1024),
        })
    }

    /// Sends a call of `SELECT 1` and reads its answer, which must be that; how long it took. Waits for ever.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Fallible<Duration> {
        let begun = Instant::now();
        self.stream.write_all(request).await?;
        self.answer.clear();
        while !self.is_whole()? {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err("the server closed the connection".into());
            }
        }
        let took = begun.elapsed();
        if place(&self.answer, b"[[1]]").is_none() {
            let answer = String::from_utf8_lossy(&self.answer);
            return Err(format!("not the answer of SELECT 1: {answer}").into());
        }
        Ok(took)
    }

    /// Whether all of the answer has come.
    fn is_whole(&self) -> Fallible<bool> {
        const END: &[u8] = b"\r\n\r\n";
        const LENGTH: &[u8] = b"\r\ncontent-length: ";

        let Some(end) = place(&self.answer, END) else {
            return Ok(false);
        };
        let (head, body) = self.answer.split_at(end + END.len());
        let length = place(head, LENGTH)
            .and_then(|at| head.get(at + LENGTH.len()..))
            .and_then(|rest| rest.split(|&byte| byte == b'\r').next())
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
        match length {
            Some(length) => Ok(body.len() >= length),
            None => Err(format!(
                "not an answer of one piece: {}",
                String::from_utf8_lossy(head)
            )
            .into()),
        }
    }
}

/// Where it begins.
fn place(text: &[u8], sought: &[u8]) -> Option<usize> {
    text.windows(sought.len()).position(|found| found == sought)
}

/// A number of calls, so many of them under way at any time.
#[derive(Clone, Copy)]
pub(crate) struct Flight {
    in_flight: u32,
    /// As many as each connection can have the same share of.
    pub(crate) calls: u32,
}

impl Flight {
    /// About so many calls, and not too few for each connection.
    pub(crate) fn of(in_flight: u32, calls: u32) -> Self {
        let calls = calls.max(in_flight * LEAST_EACH) / in_flight * in_flight;
        Self { in_flight, calls }
    }

    /// How long they take.
    pub(crate) fn fly(self, address: SocketAddr, request: &[u8]) -> Fallible<Duration> {
        LocalSet::new().block_on(&waiting()?, self.flown(address, Rc::from(request)))
    }

    async fn flown(self, address: SocketAddr, request: Rc<[u8]>) -> Fallible<Duration> {
        let mut clients = Vec::new();
        for _ in 0..self.in_flight {
            clients.push(HttpClient::connect(address).await?);
        }
        // As over stdio, so that the pool has its connections.
        let warm_up = in_flight_warm_up(self.in_flight) / self.in_flight;
        let flown = async {
            let clients = share(clients, &request, warm_up).await?;
            let begun = Instant::now();
            share(clients, &request, self.calls / self.in_flight).await?;
            Ok(begun.elapsed())
        };
        timeout(PATIENCE, flown)
            .await
            .map_err(|_| "no answer came")?
    }
}

/// Each client makes so many calls, all side by side.
async fn share(
    clients: Vec<HttpClient>,
    request: &Rc<[u8]>,
    each: u32,
) -> Fallible<Vec<HttpClient>> {
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let request = Rc::clone(request);
            tokio::task::spawn_local(async move {
                for _ in 0..each {
                    client.call(&request).await?;
                }
                Ok::<_, crate::Trouble>(client)
            })
        })
        .collect();
    let mut back = Vec::with_capacity(tasks.len());
    for task in tasks {
        back.push(task.await??);
    }
    Ok(back)
}

/// Measures the server over HTTP and over stdio in turn.
pub(crate) fn compare(server: &Server, effort: Effort) -> Fallible<Vec<Line>> {
    let over_http = HttpProcess::start(&server.program, &server.arguments, &[], &server.scratch)?;
    let mut over_stdio = server.launch()?;
    let request = request(None);
    FLIGHTS
        .into_iter()
        .map(|(in_flight, title)| {
            // The same number on both sides, as each connection makes its share.
            let flight = Flight::of(in_flight, effort.calls);
            let calls = flight.calls;
            let (mut http, mut stdio) = (Vec::new(), Vec::new());
            let rate = |time: Duration| f64::from(calls) / time.as_secs_f64();
            let http_once = || flight.fly(over_http.address, &request);
            for round in 0..effort.rounds {
                if round % 2 == 0 {
                    http.push(rate(http_once()?));
                }
                stdio.push(rate(stdio_once(&mut *over_stdio, in_flight, calls)?));
                if round % 2 == 1 {
                    http.push(rate(http_once()?));
                }
            }
            let ratio = Ratio::of_rounds(&http, &stdio);
            let mut figures = vec![Figure::plain(
                "stdio",
                median(&mut stdio).unwrap_or_default(),
            )];
            figures.push(Figure {
                ratio,
                ..Figure::plain("portolan", median(&mut http).unwrap_or_default())
            });
            let goal = (in_flight > 1).then_some(Goal::RatioAtLeast(0.6));
            Ok(Line::new(title, "calls/s", HOW, figures, goal))
        })
        .collect()
}

fn stdio_once(session: &mut dyn Running, in_flight: u32, calls: u32) -> Fallible<Duration> {
    let performed = session.perform(&Work::InFlight { in_flight, calls })?;
    let time = performed.times_ns.first().copied();
    Ok(Duration::from_nanos(time.ok_or("nothing was timed")?))
}
