//! What may not come from a client, nor from a file that merely lay there.

use super::{
    check::{boolean, mistake_at},
    given::{Given, GivenValue, Origin},
    parameter::{OverMcp, Parameter},
};
use crate::connection::mistake::Mistake;

/// What stands for a password wherever one is shown. `import_connections` takes it for the one already known.
pub const KEPT_SECRET: &str = "***";

/// What makes a found file trusted, to be read after "expected".
pub const NAMED_FILE: &str = "the file to be named by --config or DATABASE_CONFIG_PATH";

/// Whether a text mentions an environment variable as `${VAR}`.
pub fn mentions_variable(text: &str) -> bool {
    text.match_indices("${").any(|(at, _)| {
        text.get(at + 2..)
            .and_then(|rest| rest.split_once('}'))
            .is_some_and(|(name, _)| {
                name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            })
    })
}

/// The mistake that a value is, coming from where it does.
///
/// A file's `${VAR}` has been dealt with by whoever read the file, which is also who knows of escapes in it.
pub(super) fn refuse(given: &Given, origin: Origin) -> Option<Mistake> {
    let loosens = match given.parameter.facts().over_mcp {
        OverMcp::OnlyTrue => says(&given.value, false),
        OverMcp::OnlyFalse => says(&given.value, true),
        OverMcp::Allowed | OverMcp::Refused => false,
    };
    match origin {
        Origin::FoundFile if loosens => Some(
            mistake_at(
                given,
                if given.parameter == Parameter::ReadOnly {
                    "Is refused in a file that was merely found: it cannot make anything writable."
                } else {
                    "Is refused in a file that was merely found: it cannot allow anything."
                },
            )
            .expected(NAMED_FILE),
        ),
        Origin::FoundFile if given.parameter == Parameter::PasswordFile => Some(
            mistake_at(given, "Is refused in a file that was merely found.").expected(NAMED_FILE),
        ),
        Origin::Operator | Origin::FoundFile => None,
        Origin::ConnectDatabase | Origin::Import => over_mcp(given, loosens),
    }
}

fn over_mcp(given: &Given, loosens: bool) -> Option<Mistake> {
    if given.parameter.facts().over_mcp == OverMcp::Refused {
        return Some(mistake_at(
            given,
            match given.parameter {
                Parameter::RowSecurity | Parameter::RowSecurityFunctions => {
                    "Cannot be given by a client: whose rows are shown is said by the server's own configuration alone."
                }
                _ => {
                    "Cannot be given by a client: it names a file of the server. Only the server's own configuration can."
                }
            },
        ));
    }
    if loosens {
        return Some(mistake_at(
            given,
            if given.parameter == Parameter::ReadOnly {
                "Cannot be false: a client cannot make a connection writable. Only the server's own configuration can."
            } else {
                "Cannot be true: a client cannot allow itself more. Only the server's own configuration can."
            },
        ));
    }
    if given.value.as_text().is_some_and(mentions_variable) {
        return Some(
            mistake_at(
                given,
                "Mentions an environment variable, which a client cannot read.",
            )
            .expected("the value itself"),
        );
    }
    None
}

fn says(value: &GivenValue, word: bool) -> bool {
    match value {
        GivenValue::Bool(value) => *value == word,
        GivenValue::Number(number) => number.as_u64() == Some(word.into()),
        GivenValue::Text(_) => value.as_text().and_then(boolean) == Some(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_be_a_variable_counts_as_one() {
        for (text, expected) in [
            ("${HOME}", true),
            ("a${B_1}c", true),
            ("${HOME:-x}", true),
            ("$HOME", false),
            ("${}", false),
            ("${1}", false),
            ("p${ass", false),
            ("x${ y ${Z}", true),
        ] {
            assert_eq!(mentions_variable(text), expected, "{text}");
        }
    }
}
