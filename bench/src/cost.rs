//! What signing in, roles, the audit and traces cost a call over HTTP: the same server with and without them, in turn.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    thread,
};

use serde_json::{Value, json};

use crate::{
    Fallible,
    arguments::Cost,
    figures::{Figure, Goal, Line, Ratio, median},
    http::{Flight, HttpProcess, request},
    server::Server,
};

/// A token that an issuer of nobody's has signed, in the parts that it has, for as long as anybody will measure.
const HEAD: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImJlbmNoIiwidHlwIjoiYXQrand0In0";
const CLAIMS: &str = "eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiaHR0cHM6Ly9wb3J0b2xhbi5leGFtcGxlL21jcCIsInN1Yi\
     I6ImJlbmNoIiwiZ3JvdXBzIjpbInJlYWRlcnMiXSwiaWF0IjoxNzY3MjI1NjAwLCJleHAiOjQxMDI0NDQ4MDB9";
const SIGNATURE: &str =
    "6V86IIAUcRSIp3doS_rlbgaOxmPtwhCEwaasvIZ8SUQf5uomMDlQ9HGNPrDfhIcaY7ECB4hl4PF2MZgdMmFhNw";
const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://portolan.example/mcp";
/// The public half of what it was signed with.
const KEY: [(&str, &str); 7] = [
    ("kty", "EC"),
    ("crv", "P-256"),
    ("x", "CSi430kK8Wf4k614zUUzdI1RS58b3eEoQRatJy92zQ4"),
    ("y", "B3gvEDUtfHEzbnIsDrRjKGoEbiQBLKawdkwzK4bsKp8"),
    ("kid", "bench"),
    ("alg", "ES256"),
    ("use", "sig"),
];

/// Calls under way, and what the figures are called.
const FLIGHTS: [(u32, &str); 2] = [(1, "1 call in flight"), (64, "64 calls in flight")];
/// What signing in and roles may add to a call, in microseconds.
const MAY_ADD: f64 = 50.0;
/// And what may become of its time where it is recorded. (Figures are counted in every way of running the server.)
const MAY_BECOME: f64 = 1.1;
const ADDED: &str = "SELECT 1 over HTTP; time of a round by its calls, less the same of the plain server in the same round";
const TIMES: &str = "SELECT 1 over HTTP; time of a round by its calls; the ratio is to the plain server in the same round";

/// One way of running the server.
struct Variant {
    name: &'static str,
    process: HttpProcess,
    request: Vec<u8>,
    goal: Option<Goal>,
}

/// Measures, and tells what came of it.
pub(crate) fn measure(cost: &Cost, program: &Path, scratch: &Path) -> Fallible<Vec<Line>> {
    let url = if let Some(url) = &cost.url {
        url.clone()
    } else {
        let file = scratch.join("cost.db");
        // An empty file is an empty database.
        std::fs::write(&file, "")?;
        format!("sqlite://{}", file.display())
    };
    let variants = variants(&url, program, scratch)?;
    let mut lines = Vec::new();
    for (in_flight, title) in FLIGHTS {
        lines.extend(compare(&variants, cost, in_flight, title)?);
    }
    Ok(lines)
}

/// The plain server first.
fn variants(url: &str, program: &Path, scratch: &Path) -> Fallible<Vec<Variant>> {
    let connection = ["--url".to_owned(), format!("{}={url}", Server::CONNECTION)];
    let start = |name,
                 identity: Option<Value>,
                 environment: &[(&str, String)],
                 token: Option<&str>,
                 goal| {
        let mut arguments = connection.to_vec();
        if let Some(identity) = identity {
            let file = scratch.join(format!("{}.json", String::from(name).replace(", ", "-")));
            std::fs::write(&file, identity.to_string())?;
            arguments.extend(["--config".to_owned(), file.display().to_string()]);
        }
        Fallible::Ok(Variant {
            name,
            process: HttpProcess::start(program, &arguments, environment, scratch)?,
            request: request(token),
            goal,
        })
    };
    let reader = json!({
        "when": {"groups": "readers"},
        "connections": Server::CONNECTION,
        "tools": ["minimal"],
    });
    let mut of_tables = reader.clone();
    if let Value::Object(reader) = &mut of_tables {
        let tables = json!({"allow": ["public.*", "main.*"], "deny": ["*.salaries"]});
        reader.insert("tables".to_owned(), tables);
    }
    let with_roles = |mut identity: Value, reader: &Value| {
        if let Value::Object(file) = &mut identity {
            file.insert("roles".to_owned(), json!({"reader": reader}));
        }
        identity
    };
    let (token, named) = new_token(program)?;
    let issued = json!({"identity": {"issuers": {"bench": {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "keysUrl": format!("http://{}/keys", answering(keys())?),
    }}}});
    let signed = format!("{HEAD}.{CLAIMS}.{SIGNATURE}");
    let collector = format!("http://{}", answering(String::new())?);
    // Each process needs a file of its own.
    let audited = |file: &str| ("MCP_AUDIT_FILE", scratch.join(file).display().to_string());
    let traced = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector);
    let watched = [audited("cost-both.jsonl"), traced.clone()];
    let added = Some(Goal::AddsAtMost(MAY_ADD));
    Ok(vec![
        start("plain", None, &[], None, None)?,
        start(
            "token, roles",
            Some(with_roles(named.clone(), &reader)),
            &[],
            Some(&token),
            added,
        )?,
        start(
            "JWT, roles",
            Some(with_roles(issued, &reader)),
            &[],
            Some(&signed),
            added,
        )?,
        start(
            "token, tables",
            Some(with_roles(named, &of_tables)),
            &[],
            Some(&token),
            added,
        )?,
        start(
            "audit",
            None,
            &[audited("cost-audit.jsonl")],
            None,
            Some(Goal::RatioAtMost(MAY_BECOME)),
        )?,
        start("traces", None, &[traced], None, None)?,
        start("audit, traces", None, &watched, None, None)?,
    ])
}

fn compare(variants: &[Variant], cost: &Cost, in_flight: u32, title: &str) -> Fallible<Vec<Line>> {
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); variants.len()];
    for round in 0..cost.rounds {
        let flight = Flight::of(in_flight, cost.calls);
        // The order turns, so that nobody is always the first.
        for place in 0..variants.len() {
            let turn = (place + usize::try_from(round)?) % variants.len();
            if let (Some(variant), Some(times)) = (variants.get(turn), times.get_mut(turn)) {
                let took = flight.fly(variant.process.address, &variant.request)?;
                times.push(took.as_secs_f64() * 1e6 / f64::from(flight.calls));
            }
        }
    }
    let plain = times.first().cloned().unwrap_or_default();
    Ok(variants
        .iter()
        .zip(times)
        .map(|(variant, mut times)| {
            let ratio = Ratio::of_rounds(&times, &plain);
            let mut added: Vec<f64> = times
                .iter()
                .zip(&plain)
                .map(|(with, without)| with - without)
                .collect();
            let is_added = matches!(variant.goal, Some(Goal::AddsAtMost(_)));
            let value = if is_added {
                median(&mut added)
            } else {
                median(&mut times)
            };
            let figure = Figure {
                ratio,
                ..Figure::plain("portolan", value.unwrap_or_default())
            };
            Line::new(
                format!("{}, {title}", variant.name),
                if is_added { "µs added" } else { "µs a call" },
                if is_added { ADDED } else { TIMES },
                vec![figure],
                variant.goal,
            )
        })
        .collect())
}

/// A token of the operator's own, and the file that names it.
fn new_token(program: &Path) -> Fallible<(String, Value)> {
    let made = Command::new(program)
        .args([
            "token",
            "new",
            "--json",
            "--name",
            "bench",
            "--claim",
            "groups=readers",
        ])
        .env_clear()
        .output()?;
    let made: Value = serde_json::from_slice(&made.stdout)?;
    let token = made.get("token").and_then(Value::as_str);
    let file = made.get("file");
    match (token, file) {
        (Some(token), Some(file)) => Ok((token.to_owned(), file.clone())),
        _ => Err("the server made no token".into()),
    }
}

fn keys() -> String {
    let key: serde_json::Map<String, Value> = KEY
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    json!({"keys": [key]}).to_string()
}

/// Answers whatever it is asked with this, for as long as the process runs.
fn answering(body: String) -> Fallible<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let body = body.clone();
            thread::spawn(move || answer(&stream, &body));
        }
    });
    Ok(address)
}

/// Until the other side leaves.
fn answer(stream: &TcpStream, body: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(told) = line.strip_prefix("content-length:") {
                length = told.trim().parse().unwrap_or(0);
            }
            if line.is_empty() {
                break;
            }
        }
        std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink())?;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        (&*stream).write_all(head.as_bytes())?;
    }
}
