//! Failures that tell a caller of its own rows only.

use domain::Failure;

/// Without what a server says of rows. Its words about a value stay where the value stands in the caller's own text, or
/// is one of its parameters.
pub(in super::super) fn discreet(mut failure: Failure) -> Failure {
    failure.detail = None;
    let is_about_a_value = failure
        .sqlstate
        .as_deref()
        .is_some_and(|code| code.starts_with("22"));
    if is_about_a_value && failure.position.is_none() && failure.parameter.is_none() {
        "A value of a row does not fit what is done with it.".clone_into(&mut failure.message);
        failure.hint = Some(
            "Look for the rows with a condition first, such as `column ~ '^[0-9]+$'`, and convert those."
                .to_owned(),
        );
    }
    failure
}

#[cfg(test)]
mod tests {
    use domain::FailureKind;

    use super::*;

    fn failed(code: &str, message: &str) -> Failure {
        Failure::new(FailureKind::InvalidSql, message)
            .with_sqlstate(code.to_owned())
            .with_detail("Key (name)=(secret) exists.")
    }

    #[test]
    fn a_value_of_a_row_is_not_told() {
        let failure = discreet(failed("22P02", "invalid input syntax: \"secret\""));

        assert!(!format!("{failure:?}").contains("secret"));
    }

    #[test]
    fn a_value_of_the_callers_text_is() {
        let failure = discreet(failed("22P02", "invalid input syntax: \"x\"").with_position(8));

        assert_eq!(failure.message, "invalid input syntax: \"x\"");
        assert_eq!(failure.detail, None);
    }

    #[test]
    fn a_constraint_is_named_without_its_values() {
        let failure = discreet(failed("23505", "duplicate key: \"orders_key\""));

        assert_eq!(failure.message, "duplicate key: \"orders_key\"");
        assert_eq!(failure.detail, None);
    }
}
