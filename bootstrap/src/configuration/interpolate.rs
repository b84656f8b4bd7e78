//! `${VAR}` in the values of a file.

use domain::connection::{Mistake, parameters::NAMED_FILE};

use crate::environment::Environment;

/// A text with its variables put in.
pub(super) struct Interpolated {
    pub(super) text: String,
    /// The variable that the whole text was.
    pub(super) variable: Option<String>,
}

/// Puts in the variables. `$${` stands for a plain `${`; what was put in is not looked at again.
///
/// Without an environment, which is how a file is read that was merely found, every variable is a mistake.
pub(super) fn interpolate(
    text: &str,
    key: &str,
    environment: Option<&Environment>,
) -> Result<Interpolated, Vec<Mistake>> {
    let mut result = Interpolated {
        text: String::with_capacity(text.len()),
        variable: None,
    };
    let mut mistakes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            result.text.push_str(before);
            result.text.push_str("${");
            rest = after;
            continue;
        }
        result.text.push_str(before);
        let Some((name, after)) = after.split_once('}').filter(|(name, _)| is_name(name)) else {
            mistakes.push(
                Mistake::new(
                    key,
                    "Has a `${` that is not followed by the name of a variable and a `}`.",
                )
                .expected("`${NAME}`, or `$${` for the characters themselves"),
            );
            return Err(mistakes);
        };
        match environment
            .map(|environment| (environment.get(name), environment.is_unreadable(name)))
        {
            None => mistakes.push(
                Mistake::new(
                    key,
                    format!(
                        "Mentions `${{{name}}}`, which is refused in a file that was merely found."
                    ),
                )
                .expected(NAMED_FILE),
            ),
            Some((Some(value), _)) => {
                result.text.push_str(value);
                if before.is_empty() && after.is_empty() && rest.len() == text.len() {
                    result.variable = Some(name.to_owned());
                }
            }
            Some((None, true)) => {
                mistakes.push(Mistake::new(
                    key,
                    format!("The variable {name} is not valid UTF-8."),
                ));
            }
            Some((None, false)) => mistakes.push(
                Mistake::new(key, format!("The variable {name} is not set.")).did_you_mean(
                    environment.and_then(|environment| {
                        domain::nearest::nearest(name, environment.names())
                    }),
                ),
            ),
        }
        rest = after;
    }
    result.text.push_str(rest);
    if mistakes.is_empty() {
        Ok(result)
    } else {
        Err(mistakes)
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        [("A", "1"), ("SECRET", "p${A}w"), ("EMPTY", "")]
            .into_iter()
            .collect()
    }

    #[test]
    fn variables_are_put_in_once() {
        for (text, expected, variable) in [
            ("plain $A", "plain $A", None),
            ("${A}", "1", Some("A")),
            ("x${A}y${A}", "x1y1", None),
            ("${A}${A}", "11", None),
            ("${SECRET}", "p${A}w", Some("SECRET")),
            ("${EMPTY}", "", Some("EMPTY")),
            ("$${A}", "${A}", None),
            ("$$", "$$", None),
            ("}", "}", None),
        ] {
            let result = interpolate(text, "k", Some(&environment())).ok().unwrap();
            assert_eq!(result.text, expected, "{text}");
            assert_eq!(result.variable.as_deref(), variable, "{text}");
        }
    }

    #[test]
    fn every_variable_that_cannot_be_put_in_is_a_mistake() {
        let environment = environment().with_unreadable("LATIN");
        for (text, expected) in [
            (
                "${B}${SECRTE}",
                &[
                    "k: The variable B is not set.",
                    "k: The variable SECRTE is not set. Did you mean SECRET?",
                ][..],
            ),
            ("${LATIN}", &["k: The variable LATIN is not valid UTF-8."]),
            (
                "a${",
                &[
                    "k: Has a `${` that is not followed by the name of a variable and a `}`. Expected `${NAME}`, or \
                   `$${` for the characters themselves.",
                ],
            ),
            (
                "${A:-1}",
                &[
                    "k: Has a `${` that is not followed by the name of a variable and a `}`. Expected `${NAME}`, or \
                   `$${` for the characters themselves.",
                ],
            ),
        ] {
            let mistakes = interpolate(text, "k", Some(&environment)).err().unwrap();
            let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            assert_eq!(told, expected, "{text}");
        }
    }

    #[test]
    fn without_an_environment_a_variable_is_refused_and_an_escape_is_not() {
        let refused = interpolate("${A}", "k", None).err().unwrap();

        assert!(refused[0].message.contains("merely found"));
        assert_eq!(interpolate("$${A}", "k", None).ok().unwrap().text, "${A}");
    }
}
