//! `portolan dashboards apply`, before a Grafana that is its documentation in a few lines: none could be had that runs
//! without its own machine.

use std::{path::Path, process::Stdio, time::Duration};

use serde_json::{Value, json};
use support::{
    client::{Launch, Ran, provided},
    http::get,
    pooler::free_port,
    scratch::Scratch,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

const PROMETHEUS: &str = "http://prometheus:9090";
const TITLES: [&str; 3] = [
    "Portolan (portolan-overview)",
    "Portolan: databases (portolan-database)",
    "Portolan: tenants (portolan-tenants)",
];

/// On a machine that builds at the same time.
const MAY_START: Duration = Duration::from_secs(30);

/// It ends with the test.
struct Grafana {
    _process: Child,
    place: String,
}

impl Grafana {
    async fn start() -> Option<Self> {
        Self::with("", json!({})).await
    }

    /// Below this path of its server, with what is there already. `None`, said aloud, where there is no Python.
    async fn with(root: &str, given: Value) -> Option<Self> {
        let python = provided("PORTOLAN_TEST_PYTHON")?;
        let mut process = Command::new(python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("verbs/grafana.py"))
            .args([root, &given.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = timeout(MAY_START, lines.next_line()).await.unwrap();
        Some(Self {
            _process: process,
            place: format!("127.0.0.1:{}", port.unwrap().unwrap()),
        })
    }

    /// What is there, and what was written.
    async fn state(&self) -> Value {
        get(&self.place, "/_state").await.json()
    }

    async fn apply(&self, more: &[&str]) -> Ran {
        self.apply_with("admin", "", more).await
    }

    async fn apply_with(&self, key: &str, path: &str, more: &[&str]) -> Ran {
        apply(&format!("http://{}{path}", self.place), key, more).await
    }
}

async fn apply(url: &str, key: &str, more: &[&str]) -> Ran {
    Launch::default()
        .with("GRAFANA_API_KEY", key)
        .arguments(&["dashboards", "apply", "--grafana-url", url])
        .arguments(more)
        .run()
        .await
}

/// What is said of everything, if the same is said of everything.
fn lines(done: &str) -> String {
    let source = format!("data source Portolan (portolan-prometheus) for {PROMETHEUS}: {done}\n");
    let folder = format!("folder Portolan (portolan): {done}\n");
    let dashboards = TITLES.map(|title| format!("dashboard {title}: {done}\n"));
    format!("{source}{folder}{}", dashboards.concat())
}

#[tokio::test]
async fn everything_is_made_once_and_a_second_run_changes_nothing() {
    let Some(grafana) = Grafana::start().await else {
        return;
    };

    let first = grafana.apply(&["--prometheus-url", PROMETHEUS]).await;

    assert_eq!((first.code, first.stderr.as_str()), (0, ""));
    assert_eq!(first.stdout, lines("made"));
    let made = grafana.state().await;
    let source = &made["sources"]["portolan-prometheus"];
    assert_eq!(
        (&source["type"], &source["url"]),
        (&json!("prometheus"), &json!(PROMETHEUS))
    );
    let tenants = &made["dashboards"]["portolan-tenants"];
    assert_eq!(tenants["meta"]["folderUid"], "portolan");
    assert_eq!(tenants["dashboard"]["panels"].as_array().unwrap().len(), 6);

    let second = grafana.apply(&["--prometheus-url", PROMETHEUS]).await;

    assert_eq!(
        (second.code, second.stdout),
        (0, lines("is as it should be"))
    );
    assert_eq!(grafana.state().await, made);
}

#[tokio::test]
async fn what_was_changed_there_is_brought_up_to_date_and_nothing_else() {
    let Some(grafana) = Grafana::with("", json!({
        "sources": {"portolan-prometheus": {
            "uid": "portolan-prometheus", "name": "Ours", "type": "prometheus", "url": "http://old:9090",
            "version": 4, "jsonData": {"timeInterval": "15s"},
        }},
        "folders": {"portolan": {"uid": "portolan", "title": "Servers"}},
        "dashboards": {"portolan-database": {
            "dashboard": {"uid": "portolan-database", "title": "old", "version": 9},
            "meta": {"folderUid": "portolan", "provisioned": false},
        }},
    })).await else {
        return;
    };

    let ran = grafana.apply(&["--prometheus-url", PROMETHEUS]).await;

    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let state = grafana.state().await;
    assert_eq!(
        state["writes"],
        json!([
            "PUT /api/datasources/uid/portolan-prometheus",
            "POST /api/dashboards/db",
            "POST /api/dashboards/db",
            "POST /api/dashboards/db",
        ])
    );
    let source = &state["sources"]["portolan-prometheus"];
    assert_eq!(source["url"], PROMETHEUS);
    assert_eq!(source["name"], "Ours");
    assert_eq!(source["jsonData"], json!({"timeInterval": "15s"}));
    assert!(
        ran.stdout
            .contains("folder Servers (portolan): is as it should be"),
        "{}",
        ran.stdout
    );
    let database = &state["dashboards"]["portolan-database"]["dashboard"];
    assert_eq!(
        (&database["title"], &database["version"]),
        (&json!("Portolan: databases"), &json!(10))
    );
}

#[tokio::test]
async fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let Some(grafana) = Grafana::start().await else {
        return;
    };

    let ran = grafana
        .apply(&["--prometheus-url", PROMETHEUS, "--dry-run"])
        .await;

    assert_eq!((ran.code, ran.stdout), (0, lines("would be made")));
    assert_eq!(grafana.state().await["writes"], json!([]));
}

#[tokio::test]
async fn no_data_source_is_made_unless_its_prometheus_is_named() {
    let Some(grafana) = Grafana::start().await else {
        return;
    };

    let ran = grafana.apply(&["--folder", "Ours"]).await;

    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let state = grafana.state().await;
    assert_eq!(state["sources"], json!({}));
    assert_eq!(state["folders"]["portolan"]["title"], "Ours");
}

#[tokio::test]
async fn what_grafana_has_from_files_is_left_alone() {
    let Some(grafana) = Grafana::with("", json!({
        "sources": {"portolan-prometheus": {
            "uid": "portolan-prometheus", "name": "Portolan", "type": "prometheus", "url": "http://other:9090", "readOnly": true,
        }},
        "dashboards": {"portolan-overview": {
            "dashboard": {"uid": "portolan-overview", "version": 1},
            "meta": {"folderUid": "x", "provisioned": true},
        }},
    })).await else {
        return;
    };

    let ran = grafana.apply(&["--prometheus-url", PROMETHEUS]).await;

    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let left = |line: &&str| line.ends_with("comes from a file of Grafana's, and is left as it is");
    assert_eq!(ran.stdout.lines().filter(left).count(), 2, "{}", ran.stdout);
    let state = grafana.state().await;
    assert_eq!(
        state["sources"]["portolan-prometheus"]["url"],
        "http://other:9090"
    );
    assert_eq!(
        state["dashboards"]["portolan-overview"]["dashboard"]["version"],
        1
    );
}

#[tokio::test]
async fn each_refusal_says_what_to_do_and_never_the_key() {
    let taken = json!({"sources": {"x": {"uid": "x", "name": "Portolan"}}});
    let raced = json!({
        "races": true,
        "dashboards": {"portolan-overview": {
            "dashboard": {"uid": "portolan-overview", "version": 1}, "meta": {"folderUid": "portolan", "provisioned": false},
        }},
    });
    for (given, key, path, expected) in [
        (
            json!({}),
            "glsa_unknown",
            "",
            ["answers 401", "service account"],
        ),
        (json!({}), "viewer", "", ["answers 403", "the role Admin"]),
        (
            json!({}),
            "admin",
            "/nowhere",
            ["is no Grafana", "below a path"],
        ),
        (
            taken,
            "admin",
            "",
            ["answers 409", "leave --prometheus-url out"],
        ),
        (raced, "admin", "", ["answers 412", "run this again"]),
    ] {
        let Some(grafana) = Grafana::with("", given).await else {
            return;
        };
        let ran = grafana
            .apply_with(key, path, &["--prometheus-url", PROMETHEUS])
            .await;
        assert_eq!(ran.code, 1, "{ran:?}");
        for words in expected {
            assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
        }
        assert!(!ran.stderr.contains("glsa_"), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn an_address_that_is_wrong_is_told_with_what_would_be_right() {
    let Some(grafana) = Grafana::with("/grafana", json!({})).await else {
        return;
    };
    let nobody = format!("http://127.0.0.1:{}", free_port().await);
    for (url, code, expected) in [
        (nobody, 1, "does not answer"),
        (
            format!("http://{}", grafana.place),
            1,
            "Where Grafana is below a path",
        ),
        (
            format!("https://{}/grafana", grafana.place),
            1,
            "begin the URL with http://",
        ),
        (grafana.place.clone(), 2, "must begin with https://"),
        (
            "http://ada:hunter2@grafana".to_owned(),
            2,
            "the address alone",
        ),
    ] {
        let ran = apply(&url, "admin", &[]).await;
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.stderr.contains(expected), "{url}: {}", ran.stderr);
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
    let below = grafana
        .apply_with("admin", "/grafana/", &["--dry-run"])
        .await;
    assert_eq!(below.code, 0, "{}", below.stderr);
}

#[tokio::test]
async fn the_key_comes_from_the_command_line_a_file_or_the_environment() {
    let Some(grafana) = Grafana::start().await else {
        return;
    };
    let scratch = Scratch::new();
    let file = scratch.path("key");
    std::fs::write(&file, "admin\n").unwrap();
    let file = file.display().to_string();
    for (environment, more, code) in [
        ("admin", &[][..], 0),
        ("wrong", &["--api-key", "admin"], 0),
        ("wrong", &["--api-key-file", &file], 0),
        ("", &[], 2),
        ("admin", &["--api-key-file", "/nowhere"], 2),
    ] {
        let more = [more, &["--dry-run"]].concat();
        let ran = grafana.apply_with(environment, "", &more).await;
        assert_eq!(ran.code, code, "{more:?} {ran:?}");
    }
}
