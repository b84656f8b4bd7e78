//! Which names this server answers to, and which pages may call it from a browser.
//!
//! A page of somebody else's can have its own name lead to this machine. Its requests then still carry that name, and
//! the page's origin.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, Uri, header, uri::Authority};

/// The names of this machine, for itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What is allowed.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    any_host: bool,
    names: Vec<Place>,
    any_origin: bool,
    origins: Vec<Origin>,
}

/// A host, with the port that it must have if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    host: String,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: Port,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    Any,
    Only(u16),
}

impl Hosts {
    /// `bound` is where the server listens. It always answers to that, and to the names of this machine.
    pub(super) fn new(bound: IpAddr, hosts: &[String], origins: &[String]) -> Self {
        let own = LOOPBACK.into_iter().map(str::to_owned);
        let own = own.chain((!bound.is_unspecified()).then(|| bound.to_string()));
        let named = hosts.iter().filter_map(|host| Place::parse(host));
        let mut allowed: Vec<Origin> = origins
            .iter()
            .filter_map(|one| Origin::parse(one))
            .collect();
        if bound.is_loopback() {
            // Whoever serves a page on this machine can reach what listens on it without a browser too.
            for scheme in ["http", "https"] {
                allowed.extend(LOOPBACK.map(|host| Origin {
                    scheme: scheme.to_owned(),
                    host: host.to_owned(),
                    port: Port::Any,
                }));
            }
        }
        Self {
            any_host: hosts.iter().any(|host| host == "*"),
            names: own
                .map(|host| Place { host, port: None })
                .chain(named)
                .collect(),
            any_origin: origins.iter().any(|origin| origin == "*"),
            origins: allowed,
        }
    }

    /// Whether the name that a request calls this server is one of its own.
    pub(super) fn knows(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        self.any_host || self.named(uri, headers).is_some()
    }

    /// Whether it is, or an address: no name of somebody else's leads here then.
    pub(super) fn knows_or_is_addressed(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        self.knows(uri, headers)
            || called(uri, headers).is_some_and(|place| place.host.parse::<IpAddr>().is_ok())
    }

    fn named(&self, uri: &Uri, headers: &HeaderMap) -> Option<Place> {
        let called = called(uri, headers)?;
        let is_known = self.names.iter().any(|known| {
            known.host == called.host && (known.port.is_none() || known.port == called.port)
        });
        is_known.then_some(called)
    }

    /// Whether the page that makes a request may. Where no page does, there is nothing to look at.
    pub(super) fn admits_page(&self, headers: &HeaderMap) -> bool {
        let mut given = headers.get_all(header::ORIGIN).iter();
        match (given.next(), given.next()) {
            (None, _) => true,
            (Some(origin), None) => {
                self.any_origin || self.is_listed(origin) || is_own_page(origin, headers)
            }
            // Two, of which one may be listed: whoever passed the request on may have added it.
            (Some(_), Some(_)) => false,
        }
    }

    fn is_listed(&self, origin: &HeaderValue) -> bool {
        let Some(origin) = origin.to_str().ok().and_then(Origin::parse) else {
            return false;
        };
        self.origins.iter().any(|known| {
            known.scheme == origin.scheme
                && known.host == origin.host
                && (known.port == Port::Any || known.port == origin.port)
        })
    }
}

/// Whether a name of this server can be written like this: `host`, `host:port` or `*`.
pub fn is_allowed_host(text: &str) -> bool {
    text == "*" || Place::parse(text).is_some_and(|place| !place.host.contains('*'))
}

/// Whether a page's origin can be written like this: `https://host`, with a port or `:*`, or `*`.
pub fn is_allowed_origin(text: &str) -> bool {
    text == "*" || Origin::parse(text).is_some_and(|origin| !origin.host.contains('*'))
}

/// Whether the page came from the very name that the request calls this server; that name was looked at before.
fn is_own_page(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let page = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    let called = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    matches!((page, called), (Some(("http" | "https", page)), Some(called)) if page.eq_ignore_ascii_case(called))
}

/// What the request calls this server.
fn called(uri: &Uri, headers: &HeaderMap) -> Option<Place> {
    let mut given = headers.get_all(header::HOST).iter();
    let host = match (given.next(), given.next()) {
        (Some(host), None) => {
            let host = host.to_str().ok()?;
            // The first line counts where it names somebody, and may not say another name than the header.
            let named = uri.authority().map(Authority::as_str);
            if named.is_some_and(|named| !named.eq_ignore_ascii_case(host)) {
                return None;
            }
            host
        }
        (None, _) => uri.authority()?.as_str(),
        // Two names: whoever looked at one before us may not have looked at the other.
        (Some(_), Some(_)) => return None,
    };
    Place::parse(host)
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        // The address itself, as it is written outside of URLs.
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self {
                host: address.to_string(),
                port: None,
            });
        }
        let authority = text.parse::<Authority>().ok()?;
        // Who signs in like this is not asked for; what stands behind it would be the host.
        if authority.as_str().contains('@') {
            return None;
        }
        Some(Self {
            host: plain(authority.host()),
            port: authority.port_u16(),
        })
    }
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (text, any_port) = match text.strip_suffix(":*") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (scheme, rest) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let place = Place::parse(rest)?;
        let port = match (any_port, place.port, scheme.as_str()) {
            (true, None, _) => Port::Any,
            (false, Some(port), _) => Port::Only(port),
            (false, None, "http") => Port::Only(80),
            (false, None, "https") => Port::Only(443),
            _ => return None,
        };
        Some(Self {
            scheme,
            host: place.host,
            port,
        })
    }
}

/// Without brackets, in lower case.
fn plain(host: &str) -> String {
    host.trim_matches(['[', ']']).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    fn hosts(bound: &str, hosts: &[&str], origins: &[&str]) -> Hosts {
        let owned = |list: &[&str]| list.iter().map(|&one| one.to_owned()).collect::<Vec<_>>();
        Hosts::new(bound.parse().unwrap(), &owned(hosts), &owned(origins))
    }

    #[test]
    fn a_server_answers_to_its_own_names() {
        let local = hosts("127.0.0.1", &[], &[]);
        let public = hosts(
            "10.0.0.5",
            &["db.example.com", "other.example.com:8443"],
            &[],
        );
        let any = hosts("0.0.0.0", &["*"], &[]);
        for (hosts, called, expected) in [
            (&local, "localhost", true),
            (&local, "LOCALHOST:8080", true),
            (&local, "127.0.0.1:8080", true),
            (&local, "[::1]:8080", true),
            (&local, "evil.example.com", false),
            (&local, "localhost.evil.example.com", false),
            (&local, "localhost@evil.example.com", false),
            (&local, "127.0.0.2", false),
            (&local, "", false),
            (&public, "10.0.0.5:8080", true),
            (&public, "db.example.com:8080", true),
            (&public, "other.example.com:8443", true),
            (&public, "other.example.com:8080", false),
            (&public, "10.0.0.6", false),
            (&any, "whatever.example.com", true),
        ] {
            let known = hosts.knows(&Uri::from_static("/mcp"), &headers(called, None));
            assert_eq!(known, expected, "{called}");
        }
    }

    #[test]
    fn two_names_are_none() {
        let mut headers = headers("localhost", None);
        headers.append(header::HOST, HeaderValue::from_static("evil.example.com"));
        let local = hosts("127.0.0.1", &[], &[]);
        assert!(!local.knows(&Uri::from_static("/mcp"), &headers));
    }

    #[test]
    fn a_name_of_somebody_elses_is_no_address() {
        let local = hosts("127.0.0.1", &[], &[]);
        for (called, expected) in [
            ("10.1.2.3:8080", true),
            ("[fd00::1]", true),
            ("evil.example.com", false),
        ] {
            let known =
                local.knows_or_is_addressed(&Uri::from_static("/livez"), &headers(called, None));
            assert_eq!(known, expected, "{called}");
        }
    }

    #[test]
    fn pages_are_let_in_by_their_origin() {
        let local = hosts("127.0.0.1", &[], &[]);
        let public = hosts(
            "10.0.0.5",
            &["db.example.com"],
            &[
                "https://app.example.com",
                "http://dev.example.com:*",
                "https://a.example.com:8443",
            ],
        );
        let any = hosts("127.0.0.1", &[], &["*"]);
        for (hosts, called, origin, expected) in [
            (&local, "localhost:8080", None, true),
            (
                &local,
                "localhost:8080",
                Some("http://localhost:3000"),
                true,
            ),
            (&local, "localhost:8080", Some("http://[::1]:3000"), true),
            (
                &local,
                "localhost:8080",
                Some("https://evil.example.com"),
                false,
            ),
            (
                &local,
                "localhost:8080",
                Some("http://localhost.evil.example.com"),
                false,
            ),
            (&local, "localhost:8080", Some("null"), false),
            (&local, "localhost:8080", Some("file://"), false),
            (
                &public,
                "db.example.com",
                Some("https://app.example.com"),
                true,
            ),
            (
                &public,
                "db.example.com",
                Some("https://app.example.com:443"),
                true,
            ),
            (
                &public,
                "db.example.com",
                Some("http://app.example.com"),
                false,
            ),
            (
                &public,
                "db.example.com",
                Some("https://app.example.com:8443"),
                false,
            ),
            (
                &public,
                "db.example.com",
                Some("http://dev.example.com:5173"),
                true,
            ),
            (
                &public,
                "db.example.com",
                Some("https://a.example.com:8443"),
                true,
            ),
            (
                &public,
                "db.example.com",
                Some("https://db.example.com"),
                true,
            ),
            (
                &public,
                "db.example.com",
                Some("http://localhost:3000"),
                false,
            ),
            (&any, "localhost", Some("https://evil.example.com"), true),
        ] {
            let admitted = hosts.admits_page(&headers(called, origin));
            assert_eq!(admitted, expected, "{origin:?} to {called}");
        }
    }

    #[test]
    fn what_no_request_could_ever_name_is_no_host_and_no_origin() {
        for host in [
            "*",
            "portolan.example",
            "portolan.example:8443",
            "10.0.0.7",
            "::1",
            "[::1]:80",
        ] {
            assert!(is_allowed_host(host), "{host}");
        }
        for host in [
            "https://portolan.example",
            "portolan.example/mcp",
            "*.example",
            "a b",
            "u@h",
            "",
        ] {
            assert!(!is_allowed_host(host), "{host}");
        }
        for origin in [
            "*",
            "https://app.example",
            "http://app.example:8080",
            "https://app.example:*",
        ] {
            assert!(is_allowed_origin(origin), "{origin}");
        }
        for origin in [
            "app.example",
            "https://app.example/",
            "https://*.example",
            "null",
            "",
        ] {
            assert!(!is_allowed_origin(origin), "{origin}");
        }
    }

    #[test]
    fn a_request_that_names_two_hosts_or_two_origins_is_let_in_by_neither() {
        let known = hosts("127.0.0.1", &[], &["https://app.example"]);
        let own = headers("127.0.0.1:8080", None);
        for (line, expected) in [
            ("/mcp", true),
            ("http://127.0.0.1:8080/mcp", true),
            ("http://evil.example/mcp", false),
        ] {
            assert_eq!(
                known.knows(&line.parse().unwrap(), &own),
                expected,
                "{line}"
            );
        }
        let mut two = headers("127.0.0.1:8080", Some("https://app.example"));
        assert!(known.admits_page(&two));
        two.append(header::ORIGIN, "https://evil.example".parse().unwrap());
        assert!(!known.admits_page(&two));
    }
}
