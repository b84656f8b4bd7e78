//! The token of a request (RFC 6750), and nothing but one in its header.

use http::{header::AUTHORIZATION, request::Parts};

use super::Refusal;

/// No token is longer; whoever sends more is not let in to have it looked at.
const LONGEST: usize = 16 << 10;

/// The one token of the request.
pub(super) fn token_of(request: &Parts) -> Result<&str, Refusal> {
    // What stands in a URL stands in logs and histories too; MCP forbids it.
    if request.uri.query().is_some_and(names_a_token) {
        return Err(Refusal::InQuery);
    }
    let mut given = request.headers.get_all(AUTHORIZATION).iter();
    let header = given.next().ok_or(Refusal::Missing)?;
    if given.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let header = header.to_str().map_err(|_| Refusal::Malformed)?;
    let (scheme, token) = header.split_once(' ').ok_or(Refusal::Malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::Missing);
    }
    let token = token.trim_matches(' ');
    let is_token =
        !token.is_empty() && token.len() <= LONGEST && token.bytes().all(|b| b.is_ascii_graphic());
    is_token.then_some(token).ok_or(Refusal::Malformed)
}

fn names_a_token(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        name.eq_ignore_ascii_case("access_token")
    })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(uri: &str, headers: &[&[u8]]) -> Parts {
        let mut request = Request::builder().uri(uri);
        for header in headers {
            request = request.header(AUTHORIZATION, *header);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_token_is_taken_from_its_header_alone() {
        let long = format!("Bearer {}", "a".repeat(LONGEST + 1));
        for (uri, headers, expected) in [
            ("/mcp", &[&b"Bearer abc"[..]][..], Ok("abc")),
            ("/mcp", &[b"bearer  abc "], Ok("abc")),
            ("/mcp?token=x", &[b"Bearer abc"], Ok("abc")),
            ("/mcp", &[], Err(Refusal::Missing)),
            ("/mcp", &[b"Basic YTpi"], Err(Refusal::Missing)),
            ("/mcp", &[b"Bearer"], Err(Refusal::Malformed)),
            ("/mcp", &[b"Bearer "], Err(Refusal::Malformed)),
            ("/mcp", &[b"Bearer a b"], Err(Refusal::Malformed)),
            ("/mcp", &[b"Bearer \xff"], Err(Refusal::Malformed)),
            (
                "/mcp",
                &[b"Bearer abc", b"Bearer def"],
                Err(Refusal::Malformed),
            ),
            ("/mcp", &[long.as_bytes()], Err(Refusal::Malformed)),
            ("/mcp?access_token=abc", &[], Err(Refusal::InQuery)),
            (
                "/mcp?a=b&ACCESS_TOKEN=abc",
                &[b"Bearer abc"],
                Err(Refusal::InQuery),
            ),
        ] {
            let request = parts(uri, headers);
            assert_eq!(token_of(&request), expected, "{uri} {headers:?}");
        }
    }
}
