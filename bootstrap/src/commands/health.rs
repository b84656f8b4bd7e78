//! `portolan health`: asks a running server how it does, for the checks of containers.

use std::{net::IpAddr, time::Duration};

use adapters::web::{Authorities, WebOptions, agent};
use ureq::{
    Error,
    http::{StatusCode, Uri},
};

use crate::cli::HealthArguments;

/// Checks of containers give up after some seconds themselves, and tell nothing then.
const ANSWER_MAY_TAKE: Duration = Duration::from_secs(3);

/// What to print, and the exit code: 0 for a server that works, 1 for one that is unhealthy or does not answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Checked {
    pub text: String,
    pub exit_code: u8,
}

/// Asks a server; where the URL has no path, its `/health`. Blocks until it has answered.
pub fn run(arguments: &HealthArguments) -> Checked {
    let url = arguments.url.as_str();
    let agent = match web(arguments) {
        Ok(web) => agent(&web),
        Err(why) => {
            return Checked {
                text: format!("{url} cannot be asked: {why}"),
                exit_code: 1,
            };
        }
    };
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

/// Fails with the reason why it cannot be asked.
fn web(arguments: &HealthArguments) -> Result<WebOptions, String> {
    let url = arguments.url.as_str();
    let is_tls = url.starts_with("https://");
    if !is_tls && !url.starts_with("http://") {
        return Err("the URL must begin with http:// or https://".to_owned());
    }
    let authorities = match &arguments.ca {
        _ if arguments.insecure && !is_loopback(url) => {
            return Err(
                "--insecure is for this machine's own addresses; name the authority with --ca"
                    .to_owned(),
            );
        }
        None if arguments.insecure => Authorities::Nobody,
        None => Authorities::System,
        Some(path) => std::fs::read(path)
            .ok()
            .and_then(|pem| Authorities::from_pem(&pem))
            .ok_or_else(|| format!("{} is no PEM file with certificates", path.display()))?,
    };
    Ok(WebOptions {
        authorities,
        timeout: ANSWER_MAY_TAKE,
        is_tls,
        keeps_connections: false,
    })
}

/// Whether nobody else's machine is asked.
pub(super) fn is_loopback(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default();
    host.eq_ignore_ascii_case("localhost")
        || host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
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
        // As `openssl req -x509` makes it unless told otherwise.
        error if error.to_string().contains("CaUsedAsEndEntity") => {
            "its certificate is one of an authority (CA:TRUE), which no server may show; make it with CA:FALSE, or ask by \
             --insecure on its own machine"
                .to_owned()
        }
        error if error.to_string().contains("certificate") => {
            format!("{error}; --ca names the authority that signed its certificate")
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(url: &str, insecure: bool) -> HealthArguments {
        HealthArguments {
            url: url.to_owned(),
            ca: None,
            insecure,
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in ["127.0.0.1:8080", "ftp://127.0.0.1", ""] {
            let checked = run(&arguments(url, false));
            assert_eq!(checked.exit_code, 1);
            assert!(
                checked.text.contains("must begin with http://"),
                "{checked:?}"
            );
        }
    }

    #[test]
    fn any_certificate_is_believed_of_this_machine_alone() {
        for (url, expected) in [
            ("https://127.0.0.1:8080", true),
            ("https://[::1]:8080/readyz", true),
            ("https://localhost", true),
            ("https://127.0.0.1.example.com", false),
            ("https://10.0.0.1", false),
            ("https://localhost@example.com", false),
        ] {
            assert_eq!(web(&arguments(url, true)).is_ok(), expected, "{url}");
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
