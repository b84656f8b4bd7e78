//! A real Prometheus that scrapes a server of the suite.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

use crate::{
    databases::variable,
    http::{Connection, get},
    pooler::free_port,
    scratch::Scratch,
};

/// On a machine that builds at the same time.
const MAY_START: Duration = Duration::from_secs(30);

/// It ends with the test.
pub struct Prometheus {
    _process: Child,
    place: String,
    _folder: Scratch,
}

impl Prometheus {
    /// One that scrapes `target` every quarter of a second, and judges that by the rules of `deploy/` as often.
    pub async fn scraping(target: &str) -> Self {
        Self::scraping_by(&format!("static_configs: [{{targets: ['{target}']}}]")).await
    }

    /// The same of a server that is called `name` there and found at `place`, as where names are resolved so.
    pub async fn scraping_as(name: &str, place: &str) -> Self {
        Self::scraping_by(&format!(
            "proxy_url: 'http://{place}'\n  static_configs: [{{targets: ['{name}']}}]"
        ))
        .await
    }

    async fn scraping_by(job: &str) -> Self {
        let program = variable("PORTOLAN_TEST_PROMETHEUS")
            .expect("PORTOLAN_TEST_PROMETHEUS is set by tests/run");
        let folder = Scratch::new();
        let settings = format!(
            "global: {{scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}}\n\
             rule_files: ['{}/../deploy/prometheus/rules.yml']\n\
             scrape_configs:\n- job_name: portolan\n  {job}\n",
            env!("CARGO_MANIFEST_DIR"),
        );
        std::fs::write(folder.path("prometheus.yml"), settings).unwrap();
        let place = format!("127.0.0.1:{}", free_port().await);
        let option = |name: &str, value: &str| format!("--{name}={value}");
        let process = Command::new(program)
            .args([
                option(
                    "config.file",
                    &folder.path("prometheus.yml").display().to_string(),
                ),
                option(
                    "storage.tsdb.path",
                    &folder.path("data").display().to_string(),
                ),
                option("web.listen-address", &place),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let started = Instant::now();
        while !is_ready(&place).await {
            assert!(started.elapsed() < MAY_START, "Prometheus starts");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self {
            _process: process,
            place,
            _folder: folder,
        }
    }

    /// What an API of it answers as `data`.
    async fn data(&self, path: &str) -> Value {
        get(&self.place, path).await.json()["data"].clone()
    }

    /// The values of an expression now, with their labels.
    pub async fn query(&self, expression: &str) -> Vec<(Value, f64)> {
        let encoded: String =
            percent_encoding::utf8_percent_encode(expression, percent_encoding::NON_ALPHANUMERIC)
                .to_string();
        let data = self.data(&format!("/api/v1/query?query={encoded}")).await;
        data["result"]
            .as_array()
            .unwrap_or_else(|| panic!("{expression}: {data}"))
            .iter()
            .map(|series| {
                let value = series["value"][1].as_str().unwrap().parse().unwrap();
                (series["metric"].clone(), value)
            })
            .collect()
    }

    /// Every rule, as it was last evaluated.
    pub async fn rules(&self) -> Vec<Value> {
        let data = self.data("/api/v1/rules").await;
        let groups = data["groups"].as_array().unwrap().iter();
        groups
            .flat_map(|group| group["rules"].as_array().unwrap().clone())
            .collect()
    }

    /// Whether its target could be scraped, and what went wrong if not.
    pub async fn target(&self) -> (String, String) {
        let data = self.data("/api/v1/targets").await;
        let target = &data["activeTargets"][0];
        let text = |name: &str| target[name].as_str().unwrap_or_default().to_owned();
        (text("health"), text("lastError"))
    }
}

async fn is_ready(place: &str) -> bool {
    match TcpStream::connect(place).await {
        Ok(stream) => Connection::new(stream).answers("/-/ready").await,
        Err(_) => false,
    }
}
