//! Why somebody is not let in, as it is answered and as it is told.

use http::{HeaderValue, StatusCode};

use crate::inbound::http::sign_in::Refused;

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Refusal {
    /// No token at all.
    Missing,
    /// A token in the URL.
    InQuery,
    /// A header that holds no token, or several.
    Malformed,
    /// A token that nobody here gave out.
    Unknown,
    Expired,
    NotYetValid,
    Revoked,
    UnknownIssuer,
    WrongAudience,
    WrongAlgorithm,
    UnknownKey,
    WrongSignature,
    /// Without a claim that every token must have, or one in a form that it must not have.
    Incomplete,
    /// Without a scope that is required here.
    MissingScope,
    /// Without a claim that the operator requires.
    MissingClaim,
    /// The issuer's keys are not known yet, or not any more.
    NoKeys,
    /// Which tokens were revoked is not known yet.
    NoRevocations,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::InQuery | Self::Malformed => StatusCode::BAD_REQUEST,
            Self::MissingScope | Self::MissingClaim => StatusCode::FORBIDDEN,
            Self::NoKeys | Self::NoRevocations => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// The word of RFC 6750. Whoever sent no token made no mistake yet.
    fn error(self) -> Option<&'static str> {
        match self {
            Self::Missing | Self::NoKeys | Self::NoRevocations | Self::MissingClaim => None,
            Self::InQuery | Self::Malformed => Some("invalid_request"),
            Self::MissingScope => Some("insufficient_scope"),
            _ => Some("invalid_token"),
        }
    }

    /// The word that the audit has for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Missing => "no_token",
            Self::InQuery => "token_in_url",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown_token",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Revoked => "revoked",
            Self::UnknownIssuer => "unknown_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::WrongAlgorithm => "wrong_algorithm",
            Self::UnknownKey => "unknown_key",
            Self::WrongSignature => "wrong_signature",
            Self::Incomplete => "incomplete",
            Self::MissingScope => "missing_scope",
            Self::MissingClaim => "missing_claim",
            Self::NoKeys => "no_keys",
            Self::NoRevocations => "no_revocations",
        }
    }

    /// What stands in a challenge, so without quotes.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Missing => "This server wants a bearer token in the Authorization header.",
            Self::InQuery => "A token belongs into the Authorization header, never into a URL.",
            Self::Malformed => "The Authorization header is not one bearer token.",
            Self::Unknown => "The token is not known here.",
            Self::Expired => "The token has expired.",
            Self::NotYetValid => "The token is not valid yet.",
            Self::Revoked => "The token was revoked.",
            Self::UnknownIssuer => "The token is from an issuer that is not trusted here.",
            Self::WrongAudience => "The token was not issued for this server.",
            Self::WrongAlgorithm => "The token is signed in a way that is not accepted.",
            Self::UnknownKey => "The token is signed by a key that its issuer does not publish.",
            Self::WrongSignature => "The signature of the token is wrong.",
            Self::Incomplete => "The token lacks a claim that every token must have.",
            Self::MissingScope => "The token lacks a scope that is required here.",
            Self::MissingClaim => "The token lacks a claim that is required here.",
            Self::NoKeys => {
                "The keys of the token's issuer cannot be had at the moment. Try again in some seconds."
            }
            Self::NoRevocations => {
                "Which tokens were revoked cannot be found out at the moment. Try again in some seconds."
            }
        }
    }

    /// As the transport answers it. `challenge` is what every challenge here has besides the error.
    pub(super) fn answer(self, challenge: &Challenge) -> Refused {
        let mut parts = challenge.parts.clone();
        if let Some(error) = self.error() {
            parts.push(format!("error=\"{error}\""));
            parts.push(format!("error_description=\"{}\"", self.message()));
        }
        // Signing in again would help against neither of these.
        let is_told = !matches!(
            self,
            Self::NoKeys | Self::NoRevocations | Self::MissingClaim
        );
        Refused {
            status: self.status(),
            challenge: is_told
                .then(|| HeaderValue::try_from(format!("Bearer {}", parts.join(", "))).ok())
                .flatten(),
            message: self.message().to_owned(),
        }
    }
}

/// What every challenge has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    parts: Vec<String>,
}

impl Challenge {
    /// `metadata` is where the resource's metadata are, `scopes` what a client has to ask its issuer for.
    pub(super) fn new(metadata: Option<&str>, scopes: &[String]) -> Self {
        let mut parts = vec!["realm=\"portolan\"".to_owned()];
        if let Some(url) = metadata {
            parts.push(format!("resource_metadata=\"{url}\""));
        }
        if !scopes.is_empty() {
            parts.push(format!("scope=\"{}\"", scopes.join(" ")));
        }
        Self { parts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(refusal: Refusal) -> Option<String> {
        let challenge = Challenge::new(
            Some("https://p.example/.well-known/oauth-protected-resource/mcp"),
            &["db:read".to_owned(), "db:list".to_owned()],
        );
        refusal
            .answer(&challenge)
            .challenge
            .map(|header| header.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_request_without_a_token_learns_where_to_sign_in_and_of_no_error() {
        assert_eq!(
            challenge(Refusal::Missing).unwrap(),
            "Bearer realm=\"portolan\", \
             resource_metadata=\"https://p.example/.well-known/oauth-protected-resource/mcp\", \
             scope=\"db:read db:list\""
        );
    }

    #[test]
    fn each_refusal_has_the_status_and_the_word_of_the_standard() {
        let plain = Challenge::new(None, &[]);
        for (refusal, status, error) in [
            (Refusal::InQuery, 400, Some("invalid_request")),
            (Refusal::Malformed, 400, Some("invalid_request")),
            (Refusal::Unknown, 401, Some("invalid_token")),
            (Refusal::Expired, 401, Some("invalid_token")),
            (Refusal::MissingScope, 403, Some("insufficient_scope")),
            (Refusal::MissingClaim, 403, None),
            (Refusal::NoKeys, 503, None),
            (Refusal::NoRevocations, 503, None),
        ] {
            let refused = refusal.answer(&plain);
            assert_eq!(refused.status, status, "{refusal:?}");
            let expected = error.map(|error| {
                format!(
                    "Bearer realm=\"portolan\", error=\"{error}\", error_description=\"{}\"",
                    refused.message
                )
            });
            let given = refused
                .challenge
                .map(|header| header.to_str().unwrap().to_owned());
            assert_eq!(given, expected, "{refusal:?}");
        }
    }
}
