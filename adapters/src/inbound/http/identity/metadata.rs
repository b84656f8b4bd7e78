//! What a client needs to get a token by itself: <https://www.rfc-editor.org/rfc/rfc9728>.

use http::Uri;
use serde_json::{Value, json};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// Whether clients can reach a server under this URL, and tokens be for it.
pub fn is_public_url(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.query().is_none()
            && !url.contains(['#', '@', '"', '\\'])
    })
}

/// Where the metadata of the resource at this URL are.
pub(super) fn metadata_url(public_url: &str) -> Option<String> {
    let uri: Uri = public_url.parse().ok()?;
    let path = uri.path().trim_end_matches('/');
    Some(format!(
        "{}://{}{WELL_KNOWN}{path}",
        uri.scheme_str()?,
        uri.authority()?
    ))
}

/// The metadata: `issuers` give tokens for it, and `scopes` are what to ask them for.
pub(super) fn metadata(public_url: &str, issuers: &[&str], scopes: &[String]) -> Value {
    let mut metadata = json!({
        "resource": public_url,
        "resource_name": "Portolan",
        "authorization_servers": issuers,
        "bearer_methods_supported": ["header"],
    });
    if let (Value::Object(metadata), false) = (&mut metadata, scopes.is_empty()) {
        metadata.insert("scopes_supported".to_owned(), json!(scopes));
    }
    metadata
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metadata_stand_between_the_host_and_the_path() {
        for (url, expected) in [
            (
                "https://p.example/mcp",
                "https://p.example/.well-known/oauth-protected-resource/mcp",
            ),
            (
                "http://127.0.0.1:8080/a/mcp/",
                "http://127.0.0.1:8080/.well-known/oauth-protected-resource/a/mcp",
            ),
            (
                "https://p.example",
                "https://p.example/.well-known/oauth-protected-resource",
            ),
        ] {
            assert!(is_public_url(url), "{url}");
            assert_eq!(metadata_url(url).as_deref(), Some(expected), "{url}");
        }
    }

    #[test]
    fn what_no_client_could_reach_is_no_public_url() {
        for url in [
            "",
            "/mcp",
            "p.example",
            "ftp://p.example",
            "https://p.example?a",
            "https://p\"x",
        ] {
            assert!(!is_public_url(url), "{url}");
        }
    }
}
