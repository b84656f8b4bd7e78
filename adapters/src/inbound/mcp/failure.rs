//! How a [`Failure`] looks on the wire and in the log.

use std::error::Error;

use domain::{Failure, FailureKind};
use rmcp::{ErrorData, model::ErrorCode};

/// The failure as the JSON that the model reads.
pub(super) fn text(failure: &Failure) -> String {
    serde_json::to_string(failure).unwrap_or_else(|_| {
        // Nothing in a failure can fail to serialize; should that ever change, the caller still learns the kind.
        format!("{{\"kind\":\"{}\"}}", failure.kind.as_str())
    })
}

/// A refusal of the protocol's, as those see it who watch calls.
pub(super) fn of_protocol(error: &ErrorData) -> Failure {
    let kind = match error.code {
        ErrorCode::INTERNAL_ERROR => FailureKind::Internal,
        ErrorCode::METHOD_NOT_FOUND => FailureKind::Unsupported,
        _ => FailureKind::InvalidArgument,
    };
    Failure::new(kind, error.message.clone())
}

/// What caused the failure, each cause after the one it caused.
///
/// Only where the message is ours and the cause explains it. In all other kinds the cause is what the database said
/// to the caller, which may quote the caller's data.
pub(super) fn causes(failure: &Failure) -> String {
    if !matches!(
        failure.kind,
        FailureKind::Internal | FailureKind::Unavailable
    ) {
        return String::new();
    }
    let mut told = Vec::new();
    let mut next = failure.cause().map(|cause| cause as &dyn Error);
    while let Some(cause) = next {
        told.push(cause.to_string());
        next = cause.source();
    }
    // Many errors repeat their source in their own words.
    told.dedup();
    told.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_only_where_they_cannot_quote_data() {
        for kind in FailureKind::ALL {
            let failure = Failure::new(kind, "no").with_source("disk on fire");
            let told = causes(&failure);
            let expected = match kind {
                FailureKind::Internal | FailureKind::Unavailable => "disk on fire",
                _ => "",
            };
            assert_eq!(told, expected, "{kind:?}");
        }
    }

    #[test]
    fn a_cause_never_reaches_the_wire() {
        let failure = Failure::internal("A defect.").with_source("secret");

        assert_eq!(
            text(&failure),
            r#"{"kind":"internal","message":"A defect."}"#
        );
    }
}
