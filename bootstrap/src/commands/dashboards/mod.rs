//! `portolan dashboards apply`: puts the dashboards of `deploy/` into a Grafana, with a folder and a data source.
//!
//! Everything has a uid of its own, by which it is found again: what is as it should be is left alone, so that it can be
//! done at every deployment.

mod grafana;

use std::{fmt::Write as _, path::Path, time::Duration};

use adapters::web::{Authorities, WebOptions, agent};
use domain::connection::Secret;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use self::grafana::{Answer, Grafana};
use super::health::is_loopback;
use crate::{cli::ApplyArguments, environment::Environment};

/// The variable with the key, for whoever wants to show it to nobody.
const KEY: &str = "GRAFANA_API_KEY";
const FOLDER: &str = "portolan";
const SOURCE: &str = "portolan-prometheus";
const ANSWER_MAY_TAKE: Duration = Duration::from_secs(15);

/// As they are in `deploy/`.
const DASHBOARDS: [&str; 3] = [
    include_str!("../../../../deploy/grafana/dashboards/overview.json"),
    include_str!("../../../../deploy/grafana/dashboards/database.json"),
    include_str!("../../../../deploy/grafana/dashboards/tenants.json"),
];

/// What was done, and the exit code: 0 if all is as it should be, 1 if Grafana would not, 2 if it could not be asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Applied {
    /// A line for each thing.
    pub text: String,
    /// Why the rest was not done.
    pub failed: Option<String>,
    pub exit_code: u8,
}

/// Blocks until it is done.
pub fn apply(arguments: &ApplyArguments, environment: &Environment) -> Applied {
    let asked = key(arguments, environment).and_then(|key| Ok((web(arguments)?, key)));
    let (web, key) = match asked {
        Ok(asked) => asked,
        Err(unusable) => {
            return Applied {
                text: String::new(),
                failed: Some(unusable),
                exit_code: 2,
            };
        }
    };
    let mut run = Run {
        grafana: Grafana::new(agent(&web), &arguments.grafana_url, key),
        arguments,
        text: String::new(),
    };
    let failed = run.all().err();
    Applied {
        text: run.text,
        exit_code: u8::from(failed.is_some()),
        failed,
    }
}

fn key(arguments: &ApplyArguments, environment: &Environment) -> Result<Secret, String> {
    let key = match (&arguments.api_key, &arguments.api_key_file) {
        (Some(key), _) => key.expose_secret().to_owned(),
        (None, Some(path)) => std::fs::read_to_string(path)
            .map_err(|error| format!("The key cannot be read from {}: {error}.", path.display()))?,
        (None, None) => environment.get_filled(KEY).unwrap_or_default().to_owned(),
    };
    let key = key.trim();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "No key for Grafana is given: name its file with --api-key-file, or put it into {KEY}. It is the token of a \
             service account (Administration, Users and access, Service accounts) with the role Admin, or Editor where no \
             data source is to be made."
        ));
    }
    Ok(Secret::from(key))
}

fn web(arguments: &ApplyArguments) -> Result<WebOptions, String> {
    let url = arguments.grafana_url.as_str();
    let is_tls = url.starts_with("https://");
    if !is_tls && !url.starts_with("http://") {
        return Err("--grafana-url must begin with https:// or http://, such as https://grafana.example.com.".to_owned());
    }
    if url.contains(['@', '?', '#']) {
        return Err("--grafana-url is the address alone: who asks is told by the key.".to_owned());
    }
    let authorities = match &arguments.ca {
        None => Authorities::System,
        Some(path) => authorities(path)?,
    };
    Ok(WebOptions {
        authorities,
        timeout: ANSWER_MAY_TAKE,
        is_tls,
        keeps_connections: true,
    })
}

fn authorities(path: &Path) -> Result<Authorities, String> {
    std::fs::read(path)
        .ok()
        .and_then(|pem| Authorities::from_pem(&pem))
        .ok_or_else(|| format!("{} is no PEM file with certificates.", path.display()))
}

struct Run<'a> {
    grafana: Grafana,
    arguments: &'a ApplyArguments,
    text: String,
}

/// What is to be done about one thing.
#[derive(Clone, Copy)]
enum Deed {
    Make,
    Mend,
    Nothing,
    /// It is not ours to change.
    Leave,
}

impl Run<'_> {
    fn all(&mut self) -> Result<(), String> {
        self.grafana.is_one()?;
        let url = &self.arguments.grafana_url;
        if url.starts_with("http://") && !is_loopback(url) {
            let _ = writeln!(
                self.text,
                "{url}: the key goes there in the clear; https:// would hide it"
            );
        }
        if let Some(url) = &self.arguments.prometheus_url {
            self.source(url)?;
        }
        self.folder()?;
        for text in DASHBOARDS {
            let dashboard = serde_json::from_str(text).map_err(|error| error.to_string())?;
            self.dashboard(dashboard)?;
        }
        Ok(())
    }

    fn tell(&mut self, what: &str, deed: Deed) {
        let would = self.arguments.dry_run;
        let done = match deed {
            Deed::Make if would => "would be made",
            Deed::Make => "made",
            Deed::Mend if would => "would be brought up to date",
            Deed::Mend => "brought up to date",
            Deed::Nothing => "is as it should be",
            Deed::Leave => "comes from a file of Grafana's, and is left as it is",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{what}: {done}");
    }

    fn source(&mut self, url: &str) -> Result<(), String> {
        let place = format!("/api/datasources/uid/{SOURCE}");
        let found = self.grafana.find(&place)?;
        let deed = match &found {
            None => Deed::Make,
            Some(source)
                if text(source, "/type") == "prometheus" && text(source, "/url") == url =>
            {
                Deed::Nothing
            }
            Some(source) if is_true(source, "/readOnly") => Deed::Leave,
            Some(_) => Deed::Mend,
        };
        if !self.arguments.dry_run {
            match (deed, found) {
                (Deed::Make, _) => {
                    let source = json!({
                        "uid": SOURCE, "name": "Portolan", "type": "prometheus", "access": "proxy", "url": url,
                    });
                    let made = self.grafana.post("/api/datasources", &source)?;
                    made.or("the data source", |answer| match answer.status {
                        409 => Some(
                            "Another data source is called Portolan. Rename it, or leave --prometheus-url out and choose it \
                             in the dashboards.",
                        ),
                        _ => None,
                    })?;
                }
                (Deed::Mend, Some(Value::Object(mut source))) => {
                    // With the version that was seen, so that nobody else's change is lost.
                    source.insert("type".to_owned(), json!("prometheus"));
                    source.insert("url".to_owned(), json!(url));
                    self.grafana
                        .put(&place, &Value::Object(source))?
                        .or("the data source", changed_meanwhile)?;
                }
                _ => {}
            }
        }
        self.tell(&format!("data source Portolan ({SOURCE}) for {url}"), deed);
        Ok(())
    }

    fn folder(&mut self) -> Result<(), String> {
        let title = &self.arguments.folder;
        let found = self.grafana.find(&format!("/api/folders/{FOLDER}"))?;
        // Whoever gave it another title there meant it.
        let deed = if found.is_some() {
            Deed::Nothing
        } else {
            Deed::Make
        };
        if let Deed::Make = deed
            && !self.arguments.dry_run
        {
            let folder = json!({"uid": FOLDER, "title": title});
            let made = self.grafana.post("/api/folders", &folder)?;
            made.or("the folder", |answer| match answer.status {
                409 | 412 => {
                    Some("Another folder has that name: give this one another with --folder.")
                }
                _ => None,
            })?;
        }
        let name = found
            .as_ref()
            .map_or(title.as_str(), |folder| text(folder, "/title"));
        self.tell(&format!("folder {name} ({FOLDER})"), deed);
        Ok(())
    }

    fn dashboard(&mut self, mut dashboard: Map<String, Value>) -> Result<(), String> {
        let said = |key: &str| {
            dashboard
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (uid, title) = (said("uid").to_owned(), said("title").to_owned());
        let found = self.grafana.find(&format!("/api/dashboards/uid/{uid}"))?;
        let deed = match &found {
            None => Deed::Make,
            Some(found) if is_true(found, "/meta/provisioned") => Deed::Leave,
            Some(found) if is_same(&dashboard, found) => Deed::Nothing,
            Some(_) => Deed::Mend,
        };
        let what = format!("dashboard {title} ({uid})");
        if matches!(deed, Deed::Make | Deed::Mend) && !self.arguments.dry_run {
            let version = found
                .as_ref()
                .and_then(|found| found.pointer("/dashboard/version"))
                .cloned()
                .unwrap_or_default();
            dashboard.insert("id".to_owned(), Value::Null);
            dashboard.insert("version".to_owned(), version);
            let wanted = json!({
                "dashboard": dashboard,
                "folderUid": FOLDER,
                "message": concat!("portolan ", env!("CARGO_PKG_VERSION")),
                "overwrite": false,
            });
            let made = self.grafana.post("/api/dashboards/db", &wanted)?;
            made.or(&what, changed_meanwhile)?;
        }
        self.tell(&what, deed);
        Ok(())
    }
}

/// What Grafana says where the version that was seen is not the newest any more, or a name is taken.
fn changed_meanwhile(answer: &Answer) -> Option<&'static str> {
    match (answer.status, text(&answer.body, "/status")) {
        (412, "name-exists") => {
            Some("Another dashboard of that folder has its name: rename that one.")
        }
        (409 | 412, _) => Some("Somebody changed it in this very moment: run this again."),
        _ => None,
    }
}

/// Whether it is what we have, in our folder; Grafana counts versions and ids of its own.
fn is_same(ours: &Map<String, Value>, found: &Value) -> bool {
    let theirs = found.get("dashboard").unwrap_or(&Value::Null);
    let is_ours = ours
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "id" | "version"))
        .all(|(key, value)| theirs.get(key) == Some(value));
    is_ours && text(found, "/meta/folderUid") == FOLDER
}

/// Empty where there is no text.
fn text<'a>(answer: &'a Value, place: &str) -> &'a str {
    answer
        .pointer(place)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn is_true(answer: &Value, place: &str) -> bool {
    answer.pointer(place).and_then(Value::as_bool) == Some(true)
}
