//! The process environment, read once. Nobody else reads it, so that tests can give another.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A snapshot of the environment's variables.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// Variables whose value is not valid UTF-8.
    unreadable: BTreeSet<String>,
}

impl Environment {
    /// The variables of this process. One whose name is not valid UTF-8 cannot be ours and is left out.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the only reader of the environment"
    )]
    pub fn of_process() -> Self {
        let mut environment = Self::default();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else {
                continue;
            };
            match value.into_string() {
                Ok(value) => {
                    environment.variables.insert(name, value);
                }
                Err(_) => {
                    environment.unreadable.insert(name);
                }
            }
        }
        environment
    }

    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Adds a variable whose value is not valid UTF-8.
    #[must_use]
    pub fn with_unreadable(mut self, name: impl Into<String>) -> Self {
        self.unreadable.insert(name.into());
        self
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The value, unless it is empty: shells and compose files set variables to nothing.
    pub fn get_filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    pub fn is_unreadable(&self, name: &str) -> bool {
        self.unreadable.contains(name)
    }

    /// Every name, in order, unreadable ones after the others.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables
            .keys()
            .chain(&self.unreadable)
            .map(String::as_str)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self {
            variables: pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            unreadable: BTreeSet::new(),
        }
    }
}

/// Names only: any value may be a secret.
impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_in_debug_output() {
        let environment: Environment = [("PROD_DB_PASSWORD", "hunter2")].into_iter().collect();

        assert_eq!(format!("{environment:?}"), r#"{"PROD_DB_PASSWORD"}"#);
    }
}
