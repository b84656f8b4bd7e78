//! `portolan health`: asks a running server how it does, for the checks of containers.

use std::time::Duration;

use ureq::{
    Agent, Error,
    http::{StatusCode, Uri},
};

/// Checks of containers give up after some seconds themselves, and tell nothing then.
const ANSWER_MAY_TAKE: Duration = Duration::from_secs(3);

/// What to print, and the exit code: 0 for a server that works, 1 for one that is unhealthy or does not answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Checked {
    pub text: String,
    pub exit_code: u8,
}

/// Asks `url`; without a path, its `/health`. Blocks until it has answered.
pub fn run(url: &str) -> Checked {
    if !url.starts_with("http://") {
        return Checked {
            text: format!("{url} cannot be asked: the URL must begin with http://"),
            exit_code: 1,
        };
    }
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(ANSWER_MAY_TAKE))
        .http_status_as_error(false)
        // A proxy would be asked for its own health.
        .proxy(None)
        .build()
        .into();
    let asked = agent
        .get(place(url))
        .call()
        .and_then(|mut answer| Ok((answer.status(), answer.body_mut().read_to_string()?)));
    match asked {
        Ok((status, text)) => Checked {
            text: text.trim_end().to_owned(),
            exit_code: u8::from(status != StatusCode::OK),
        },
        Err(error) => Checked {
            text: format!("{url} does not answer: {}", words(&error)),
            exit_code: 1,
        },
    }
}

fn place(url: &str) -> String {
    match url.parse::<Uri>() {
        Ok(uri) if uri.path() == "/" => format!("{}/health", url.trim_end_matches('/')),
        _ => url.to_owned(),
    }
}

fn words(error: &Error) -> String {
    match error {
        Error::Timeout(_) => format!("nothing came for {} s", ANSWER_MAY_TAKE.as_secs()),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plain_http_is_refused() {
        for url in ["https://127.0.0.1:8080", "127.0.0.1:8080", ""] {
            let checked = run(url);
            assert_eq!(checked.exit_code, 1);
            assert!(
                checked.text.contains("must begin with http://"),
                "{checked:?}"
            );
        }
    }

    #[test]
    fn a_server_is_asked_for_its_health() {
        for (url, expected) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/health"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/health"),
            (
                "http://127.0.0.1:8080/readyz",
                "http://127.0.0.1:8080/readyz",
            ),
        ] {
            assert_eq!(place(url), expected);
        }
    }
}
