//! As whom a statement runs: a role and settings that hold for its transaction alone.

use std::fmt::Write as _;

use domain::{Failure, FailureKind, query::ActsAs};
use sqlx::Error;

use super::parameters::quoted;

/// What is sent before a statement, in the same message.
#[derive(Debug, Default)]
pub(super) struct Identity {
    pub(super) sql: String,
    pub(super) commands: usize,
}

impl Identity {
    /// Nothing, where everybody is the same.
    pub(super) fn of(acts_as: Option<&ActsAs>) -> Self {
        let mut identity = Self::default();
        let Some(acts_as) = acts_as else {
            return identity;
        };
        // Both are forgotten when the transaction ends, however it ends.
        if let Some(role) = &acts_as.role {
            identity.set("ROLE", &name(role), " ");
        }
        for (setting, value) in &acts_as.settings {
            let parts: Vec<String> = setting.split('.').map(name).collect();
            identity.set(&parts.join("."), &quoted(value), " = ");
        }
        identity
    }

    fn set(&mut self, what: &str, value: &str, joint: &str) {
        let _ = write!(self.sql, "SET LOCAL {what}{joint}{value};");
        self.commands += 1;
    }
}

/// In quotes whatever it is: some words mean something else without them.
fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The server does not let the connection take on what the caller's claims say.
pub(super) fn not_taken_on(error: Error) -> Failure {
    Failure::new(
        FailureKind::NotAllowed,
        "The database does not let this connection act for the caller.",
    )
    .with_hint(
        "Whoever runs this server must make the role that the caller's claims name, and grant it to the connection's role.",
    )
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_stay_what_they_are() {
        let identity = Identity::of(Some(&ActsAs {
            role: Some("a\"; RESET ROLE; --".to_owned()),
            settings: vec![
                ("app.tenant".to_owned(), "x'; RESET ROLE; --\\".to_owned()),
                ("app.user".to_owned(), "é".to_owned()),
            ],
            on_behalf_of: None,
        }));

        assert_eq!(
            identity.sql,
            "SET LOCAL ROLE \"a\"\"; RESET ROLE; --\";\
             SET LOCAL \"app\".\"tenant\" = E'x''; RESET ROLE; --\\\\';\
             SET LOCAL \"app\".\"user\" = E'é';"
        );
        assert_eq!(identity.commands, 3);
    }
}
