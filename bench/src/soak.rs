//! Many clients over HTTP for a long time: whether anything fails, and whether the server grows.

use std::{
    cell::RefCell, collections::BTreeMap, fmt::Write as _, net::SocketAddr, path::Path, rc::Rc,
    time::Duration,
};

use tokio::{
    task::LocalSet,
    time::{Instant, timeout},
};

use crate::{
    Fallible,
    arguments::Soak,
    figures::{float, quantile},
    http::{HttpClient, HttpProcess, request, waiting},
    proc,
    server::Server,
};

/// No answer takes a tenth of it.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often the server's memory is looked at.
const LOOKS: u32 = 10;
/// Kinds of errors that are told.
const TOLD: usize = 10;

/// What all clients have seen.
#[derive(Default)]
struct Seen {
    /// Times of calls, in microseconds.
    times: Vec<u32>,
    errors: BTreeMap<String, u64>,
}

/// What came of it.
pub(crate) struct Told {
    pub(crate) text: String,
    /// No call failed.
    pub(crate) is_clean: bool,
}

/// Runs it, and tells what came of it.
pub(crate) fn run(
    soak: &Soak,
    program: &Path,
    scratch: &Path,
    say: &dyn Fn(&str),
) -> Fallible<Told> {
    let url = if let Some(url) = &soak.url {
        url.clone()
    } else {
        let file = scratch.join("soak.db");
        // An empty file is an empty database.
        std::fs::write(&file, "")?;
        format!("sqlite://{}", file.display())
    };
    let connection = format!("{}={url}", Server::CONNECTION);
    let mut arguments = vec!["--url".to_owned(), connection];
    arguments.extend_from_slice(&soak.further);
    let server = HttpProcess::start(program, &arguments, &[], scratch)?;
    let seen = Rc::new(RefCell::new(Seen::default()));
    let held = hold(soak, &server, &seen, say);
    let memory = LocalSet::new().block_on(&waiting()?, held)?;
    let seen = seen.take();
    Ok(Told {
        text: told(soak, &seen, &memory),
        is_clean: seen.errors.is_empty(),
    })
}

/// Holds the clients for as long as they are wanted; the server's resident bytes, from first to last.
async fn hold(
    soak: &Soak,
    server: &HttpProcess,
    seen: &Rc<RefCell<Seen>>,
    say: &dyn Fn(&str),
) -> Fallible<Vec<u64>> {
    let lasts = Duration::from_secs_f64(soak.minutes * 60.0);
    let pause = Duration::from_millis(soak.pause_ms);
    let begun = Instant::now();
    let clients: Vec<_> = (0..soak.clients)
        .map(|number| {
            let seen = Rc::clone(seen);
            let address = server.address;
            tokio::task::spawn_local(async move {
                // Not all at once: nobody's clients do everything at the same moment.
                tokio::time::sleep(pause * (number % 100) / 100).await;
                keep_calling(address, begun + lasts, pause, &seen).await;
            })
        })
        .collect();
    let mut memory = Vec::new();
    for look in 1..=LOOKS {
        tokio::time::sleep_until(begun + lasts * look / (LOOKS + 1)).await;
        memory.push(proc::memory(server.pid())?.resident);
        let calls = seen.borrow().times.len();
        say(&format!(
            "{calls} calls after {:.0} s",
            begun.elapsed().as_secs_f64()
        ));
    }
    for client in clients {
        client.await?;
    }
    memory.push(proc::memory(server.pid())?.resident);
    Ok(memory)
}

/// One client: calls, waits, calls again, and connects anew where it was cut off.
async fn keep_calling(address: SocketAddr, until: Instant, pause: Duration, seen: &RefCell<Seen>) {
    let request = request(None);
    let mut client = None;
    while Instant::now() < until {
        let outcome = match client.take() {
            Some(connected) => Ok(connected),
            None => HttpClient::connect(address).await,
        };
        let called = match outcome {
            Ok(mut connected) => {
                let called = match timeout(PATIENCE, connected.call(&request)).await {
                    Ok(called) => called,
                    Err(_) => Err("no answer came".into()),
                };
                // What is left on a connection that failed is nobody's answer.
                client = called.is_ok().then_some(connected);
                called
            }
            Err(trouble) => Err(trouble),
        };
        match called {
            Ok(took) => {
                let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
                seen.borrow_mut().times.push(micros);
            }
            Err(trouble) => {
                *seen
                    .borrow_mut()
                    .errors
                    .entry(trouble.to_string())
                    .or_default() += 1;
            }
        }
        tokio::time::sleep(pause).await;
    }
}

fn told(soak: &Soak, seen: &Seen, memory: &[u64]) -> String {
    let mut times: Vec<f64> = seen.times.iter().map(|&micros| f64::from(micros)).collect();
    let calls = times.len();
    let mut at = |percent| quantile(&mut times, percent).unwrap_or_default() / 1e3;
    let (p50, p99) = (at(50), at(99));
    let errors: u64 = seen.errors.values().sum();
    let megabytes = |bytes: Option<&u64>| bytes.map_or(0.0, |&bytes| float(bytes) / 1e6);
    let mut text = format!(
        "{} clients over HTTP for {} minutes, {} ms between a client's calls of SELECT 1\n\
         calls    {calls}\n\
         errors   {errors}\n\
         p50      {p50:.2} ms\n\
         p99      {p99:.2} ms ({:.1}× p50)\n\
         memory   {:.1} MB resident at the start, {:.1} MB at the end\n",
        soak.clients,
        soak.minutes,
        soak.pause_ms,
        p99 / p50,
        megabytes(memory.first()),
        megabytes(memory.last()),
    );
    let between: Vec<String> = memory
        .iter()
        .map(|bytes| format!("{:.1}", megabytes(Some(bytes))))
        .collect();
    let _ = writeln!(text, "         {} MB from first to last", between.join(" "));
    for (what, times) in seen.errors.iter().take(TOLD) {
        let _ = writeln!(text, "error    {times} times: {what}");
    }
    text
}
