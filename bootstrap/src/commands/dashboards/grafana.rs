//! Grafana's HTTP API, and what its refusals mean: <https://grafana.com/docs/grafana/latest/developers/http_api/>.

use domain::connection::Secret;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use ureq::{
    Agent, Error,
    http::{self, Method, Request, header},
};

/// The longest answer that is read: a dashboard is some ten kilobytes.
const LONGEST: u64 = 4 << 20;

pub(super) struct Grafana {
    agent: Agent,
    url: String,
    key: Secret,
}

/// What it answered.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Null where it is no JSON.
    pub(super) body: Value,
    location: Option<String>,
    text: String,
}

impl Grafana {
    pub(super) fn new(agent: Agent, url: &str, key: Secret) -> Self {
        Self {
            agent,
            url: url.trim_end_matches('/').to_owned(),
            key,
        }
    }

    /// Fails with what stands there instead.
    pub(super) fn is_one(&self) -> Result<(), String> {
        let answer = self.ask(Method::GET, "/api/health", None, false)?;
        if answer.body.get("database").is_some() {
            return Ok(());
        }
        let url = &self.url;
        if let Some(location) = &answer.location {
            return Err(format!(
                "{url} leads to {location}: give that address, without what follows Grafana's own path."
            ));
        }
        if answer.text.contains("HTTPS server") {
            return Err(format!("{url} speaks TLS: begin it with https://."));
        }
        Err(format!(
            "{url} is no Grafana: its /api/health answers {}. Where Grafana is below a path, that belongs to the URL.",
            answer.status
        ))
    }

    /// `None` if there is no such thing.
    pub(super) fn find(&self, path: &str) -> Result<Option<Value>, String> {
        let answer = self.ask(Method::GET, path, None, true)?;
        match answer.status {
            404 => Ok(None),
            _ => answer.or(path, |_| None).map(Some),
        }
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        self.ask(Method::POST, path, Some(body), true)
    }

    pub(super) fn put(&self, path: &str, body: &Value) -> Result<Answer, String> {
        self.ask(Method::PUT, path, Some(body), true)
    }

    fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        signed: bool,
    ) -> Result<Answer, String> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(header::ACCEPT, "application/json");
        if signed {
            let credential = format!("Bearer {}", self.key.expose_secret());
            request = request.header(header::AUTHORIZATION, credential);
        }
        let sent = match body {
            None => request.body(()).map(|request| self.agent.run(request)),
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.to_string())
                .map(|request| self.agent.run(request)),
        };
        let answer = sent
            .map_err(|error: http::Error| format!("{} cannot be asked: {error}.", self.url))?
            .map_err(|error| self.unreached(&error))?;
        let (head, mut body) = answer.into_parts();
        let text = body
            .with_config()
            .limit(LONGEST)
            .read_to_string()
            .map_err(|error| self.unreached(&error))?;
        Ok(Answer {
            status: head.status.as_u16(),
            location: head
                .headers
                .get(header::LOCATION)
                .and_then(|place| place.to_str().ok())
                .map(str::to_owned),
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        })
    }

    fn unreached(&self, error: &Error) -> String {
        let url = &self.url;
        let said = error.to_string();
        let hint = if said.contains("certificate") {
            " --ca names the authority that signed its certificate."
        } else if url.starts_with("https://") && matches!(error, Error::Io(_) | Error::Rustls(_)) {
            " If Grafana speaks no TLS there, begin the URL with http://."
        } else {
            ""
        };
        format!("{url} does not answer: {said}.{hint}")
    }
}

impl Answer {
    /// What it answered, if it did what it was asked for; else why not, with what `known` says of that, or what the status
    /// means.
    pub(super) fn or(
        self,
        what: &str,
        known: impl Fn(&Self) -> Option<&'static str>,
    ) -> Result<Value, String> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        let hint = known(&self).unwrap_or(match self.status {
            401 => {
                "The key is not one that it knows: it is the token of a service account of this Grafana, and may have ended."
            }
            403 => {
                "The key may not do that: its service account needs the role Admin, or Editor where --prometheus-url is left out."
            }
            404 => "It knows no such thing: is the URL that of Grafana itself?",
            _ => "",
        });
        let said = self
            .body
            .get("message")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let said = format!("Grafana answers {} to {what}: {said}", self.status);
        let said = said.trim_end_matches([':', ' ', '.']);
        Err(format!("{said}. {hint}").trim_end().to_owned())
    }
}
