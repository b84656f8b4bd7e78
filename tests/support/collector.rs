//! A collector of traces: OpenTelemetry's own schema in Python reads what is sent to it.

use std::{
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{
    client::{Launch, provided},
    waiting::until,
};

/// On a machine that builds at the same time.
const MAY_START: Duration = Duration::from_secs(30);

/// It ends with the test.
pub struct Collector {
    _process: Child,
    port: u16,
    spans: Arc<Mutex<Vec<Value>>>,
}

impl Collector {
    /// One that takes what is sent; `None`, said aloud, where there is no Python.
    pub async fn start() -> Option<Self> {
        Self::that("take", 0).await
    }

    /// One that does this with what is sent: `take`, `refuse` or `hang`; at this port, or any for 0.
    pub async fn that(does: &str, port: u16) -> Option<Self> {
        let python = provided("PORTOLAN_TEST_PYTHON")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("support/collector.py");
        let mut process = Command::new(python)
            .arg(script)
            .args([does, &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = timeout(MAY_START, lines.next_line())
            .await
            .expect("the collector starts")
            .unwrap();
        let port = first
            .expect("the collector tells its port")
            .parse()
            .unwrap();
        let spans = Arc::new(Mutex::new(Vec::new()));
        let gathered = Arc::clone(&spans);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let span = serde_json::from_str(&line).unwrap();
                gathered.lock().unwrap().push(span);
            }
        });
        Some(Self {
            _process: process,
            port,
            spans,
        })
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A server that sends its traces here, and does not keep them long.
    #[must_use]
    pub fn told_by(&self, launch: Launch) -> Launch {
        launch
            .with("OTEL_EXPORTER_OTLP_ENDPOINT", self.url())
            .with("OTEL_BSP_SCHEDULE_DELAY", "20")
    }

    /// What has come so far, in the order of arrival.
    pub fn spans(&self) -> Vec<Value> {
        self.spans.lock().unwrap().clone()
    }

    /// The spans of this name, once there are so many.
    pub async fn named(&self, name: &str, count: usize) -> Vec<Value> {
        let named = || {
            let mut spans = self.spans();
            spans.retain(|span| span["name"] == name);
            spans
        };
        until(&format!("{count} × {name}"), async || {
            named().len() >= count
        })
        .await;
        named()
    }

    /// The first span of this name, once it is there.
    pub async fn span(&self, name: &str) -> Value {
        self.named(name, 1).await.remove(0)
    }
}
