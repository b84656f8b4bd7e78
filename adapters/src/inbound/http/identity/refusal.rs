//! Why somebody is not let in, as it is answered and as it is logged.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use http::{HeaderValue, StatusCode};

use crate::inbound::http::sign_in::Refused;

/// Between two lines of the log about refused requests, however many there are.
const PAUSE: Duration = Duration::from_secs(10);

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
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::InQuery | Self::Malformed => StatusCode::BAD_REQUEST,
            Self::MissingScope | Self::MissingClaim => StatusCode::FORBIDDEN,
            Self::NoKeys => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// The word of RFC 6750. Whoever sent no token made no mistake yet.
    fn error(self) -> Option<&'static str> {
        match self {
            Self::Missing | Self::NoKeys | Self::MissingClaim => None,
            Self::InQuery | Self::Malformed => Some("invalid_request"),
            Self::MissingScope => Some("insufficient_scope"),
            _ => Some("invalid_token"),
        }
    }

    /// What stands in a challenge, so without quotes.
    fn message(self) -> &'static str {
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
        let is_told = !matches!(self, Self::NoKeys | Self::MissingClaim);
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

/// Tells refusals in the log: the first at once, then how many there were, at most once in a while.
#[derive(Debug, Default)]
pub(super) struct RefusalLog {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    told: Option<Instant>,
    /// Since then.
    untold: u64,
}

impl RefusalLog {
    pub(super) fn tell(&self, refusal: Refusal) {
        // Clients that do not sign in yet begin without a token: that is how they learn where to.
        if refusal == Refusal::Missing {
            tracing::debug!("a request without a token was refused");
            return;
        }
        if let Some(untold) = self.due(Instant::now()) {
            tracing::warn!(
                reason = ?refusal,
                refused_since_last_told = untold,
                "somebody was not let in: {}",
                refusal.message()
            );
        }
    }

    /// How many were not told, if one is to be told now.
    fn due(&self, now: Instant) -> Option<u64> {
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if state
            .told
            .is_some_and(|told| now.saturating_duration_since(told) < PAUSE)
        {
            state.untold += 1;
            return None;
        }
        state.told = Some(now);
        Some(std::mem::take(&mut state.untold))
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

    #[test]
    fn a_flood_of_refusals_is_a_line_in_a_while_with_their_number() {
        let log = RefusalLog::default();
        let start = Instant::now();

        assert_eq!(log.due(start), Some(0));
        for _ in 0..1_000 {
            assert_eq!(log.due(start + Duration::from_secs(9)), None);
        }
        assert_eq!(log.due(start + Duration::from_secs(10)), Some(1_000));
        assert_eq!(log.due(start + Duration::from_secs(20)), Some(0));
    }
}
