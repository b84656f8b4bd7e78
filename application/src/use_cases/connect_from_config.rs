//! Opens a configured database, under its own or another name.

use domain::{Failure, connection::ConnectionName};

use super::report::OpenedReport;
use crate::registry::View;

/// Without a configuration's name: the only one, or `default`. Without a connection's name: the configuration's.
#[derive(Debug, Clone, Default)]
pub struct ConnectFromConfig {
    pub config_name: Option<String>,
    pub connection_name: Option<String>,
}

impl ConnectFromConfig {
    pub async fn execute(self, view: &View<'_>) -> Result<OpenedReport, Failure> {
        let config_name = match &self.config_name {
            Some(name) => ConnectionName::new(name)?,
            None => view.implied_name()?,
        };
        let config = view.configuration(config_name.as_str())?;
        let name = match &self.connection_name {
            Some(name) => ConnectionName::new(name)?,
            None => config_name.clone(),
        };
        // Another known configuration's name would from then on mean this database, whoever says it.
        if let Some(other) = view.known_configuration(name.as_str())
            && other.outcome.as_ref().ok() != Some(&config)
        {
            return Err(Failure::invalid_argument(format!(
                "`{name}` is the name of another configuration."
            ))
            .with_hint("Choose a `connectionName` that no configuration has."));
        }
        let opened = view.open_configured(name, &config_name, config).await?;
        opened.connection().read_names_ahead();
        Ok(OpenedReport::of(&opened))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::connection::{ExportedParameters, KnownConfiguration, parameters::Origin};

    use super::*;
    use crate::registry::Registry;
    use crate::use_cases::doubles::{FACTS, all_of, config, connector};

    fn known(name: &str, database: &str) -> KnownConfiguration {
        let mut config = config();
        config.database = Some(database.to_owned());
        KnownConfiguration {
            name: ConnectionName::new(name).unwrap(),
            source: "test".to_owned(),
            outcome: Ok(Arc::new(config)),
            exported: ExportedParameters::default(),
            origin: Origin::Operator,
            notes: Vec::new(),
        }
    }

    fn registry(opens: usize, names: &[&str]) -> Registry {
        Registry::new(
            [(FACTS.name, Arc::new(connector(opens)) as _)],
            names.iter().map(|name| known(name, name)),
        )
    }

    #[tokio::test]
    async fn the_only_configuration_needs_no_name() {
        let report = ConnectFromConfig::default()
            .execute(&all_of(&registry(1, &["prod"])))
            .await
            .unwrap();

        assert_eq!(report.connection.name, "prod");
    }

    #[tokio::test]
    async fn the_default_configuration_needs_no_name_among_several() {
        let report = ConnectFromConfig::default()
            .execute(&all_of(&registry(1, &["default", "prod"])))
            .await
            .unwrap();

        assert_eq!(report.connection.name, "default");
    }

    #[tokio::test]
    async fn among_several_without_a_default_a_name_is_asked_for() {
        let failure = ConnectFromConfig::default()
            .execute(&all_of(&registry(0, &["prod", "test"])))
            .await
            .unwrap_err();

        assert_eq!(
            failure.message,
            "Which database? `connection` must be one of: prod, test."
        );
    }

    #[tokio::test]
    async fn opening_again_with_the_same_settings_changes_nothing_and_says_so() {
        let registry = registry(1, &["prod"]);

        let first = ConnectFromConfig::default()
            .execute(&all_of(&registry))
            .await
            .unwrap();
        let second = ConnectFromConfig::default()
            .execute(&all_of(&registry))
            .await
            .unwrap();

        assert_eq!((first.opened, second.opened), (true, false));
    }

    #[tokio::test]
    async fn a_name_that_is_open_with_other_settings_is_refused() {
        let registry = registry(1, &["prod", "test"]);
        let as_copy = |config: &str| ConnectFromConfig {
            config_name: Some(config.to_owned()),
            connection_name: Some("copy".to_owned()),
        };
        as_copy("prod").execute(&all_of(&registry)).await.unwrap();

        let failure = as_copy("test")
            .execute(&all_of(&registry))
            .await
            .unwrap_err();

        assert_eq!(
            failure.message,
            "A connection named `copy` is open already, with other settings."
        );
    }

    #[tokio::test]
    async fn the_name_of_another_configuration_is_refused() {
        let failure = ConnectFromConfig {
            config_name: Some("test".to_owned()),
            connection_name: Some("prod".to_owned()),
        }
        .execute(&all_of(&registry(0, &["prod", "test"])))
        .await
        .unwrap_err();

        assert_eq!(
            failure.message,
            "`prod` is the name of another configuration."
        );
    }

    #[tokio::test]
    async fn side_by_side_calls_open_a_database_once() {
        let registry = Arc::new(registry(1, &["prod"]));

        let calls: Vec<_> = (0..16)
            .map(|_| {
                let registry = Arc::clone(&registry);
                tokio::spawn(async move {
                    all_of(&registry)
                        .connection(None)
                        .await
                        .unwrap()
                        .name
                        .clone()
                })
            })
            .collect();

        for call in calls {
            assert_eq!(call.await.unwrap().as_str(), "prod");
        }
    }
}
