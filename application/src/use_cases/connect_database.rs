//! Opens a connection from values that the caller gives.

use domain::{
    Failure,
    connection::{ConnectionName, KnownConfiguration},
};
use serde_json::{Map, Value};

use super::report::OpenedReport;
use crate::{ad_hoc::AdHoc, registry::View};

/// The arguments as the caller sent them; `name` names the connection.
#[derive(Debug, Clone)]
pub struct ConnectDatabase {
    pub arguments: Map<String, Value>,
}

impl ConnectDatabase {
    /// The connection is always read-only. Without a name it is called after its engine: `postgresql`, `sqlite`.
    pub async fn execute(
        mut self,
        view: &View<'_>,
        ad_hoc: &AdHoc,
    ) -> Result<OpenedReport, Failure> {
        ad_hoc.must_be_allowed()?;
        let name = match self.arguments.remove("name") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(ConnectionName::new(&name)?),
            Some(_) => return Err(Failure::invalid_argument("`name` must be a text.")),
        };
        let provisional = ConnectionName::new(ConnectionName::DEFAULT)?;
        let known = KnownConfiguration::from_connect_database(
            name.clone().unwrap_or(provisional),
            &self.arguments,
            ad_hoc.engines(),
        );
        let config = known.outcome.map_err(|mistakes| AdHoc::refuse(&mistakes))?;
        let config = ad_hoc.admit(config)?;
        let name = match name {
            Some(name) => name,
            None => ConnectionName::new(config.engine.name)?,
        };
        // A configured name means the operator's database to everybody who says it.
        if view.known_configuration(name.as_str()).is_some() {
            return Err(Failure::invalid_argument(format!(
                "`{name}` is the name of a configuration."
            ))
            .with_hint(format!(
                "Choose another `name`, or open that configuration by connect_from_config with configName \"{name}\"."
            )));
        }
        let opened = view.open_own(name, config).await?;
        opened.connection().read_names_ahead();
        Ok(OpenedReport::of(&opened))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{FailureKind, connection::port::MockConnector};
    use serde_json::json;

    use super::*;
    use crate::registry::Registry;
    use crate::use_cases::doubles::{FACTS, ad_hoc, all_of, connector};

    fn registry(connector: MockConnector) -> Registry {
        Registry::new([(FACTS.name, Arc::new(connector) as _)], [])
    }

    fn request(arguments: Value) -> ConnectDatabase {
        let Value::Object(arguments) = arguments else {
            panic!("arguments are an object");
        };
        ConnectDatabase { arguments }
    }

    fn valid() -> Value {
        json!({"type": "testsql", "host": "db.example", "database": "shop", "user": "reader", "password": "x"})
    }

    #[tokio::test]
    async fn a_connection_without_a_name_is_called_after_its_engine() {
        let report = request(valid())
            .execute(&all_of(&registry(connector(1))), &ad_hoc(true))
            .await
            .unwrap();

        assert_eq!(report.connection.name, "testsql");
        assert!(report.connection.read_only);
    }

    #[tokio::test]
    async fn every_mistake_is_told_at_once() {
        let failure = request(
            json!({"type": "testsql", "host": "db.example", "port": "many", "pasword": "x"}),
        )
        .execute(&all_of(&registry(connector(0))), &ad_hoc(true))
        .await
        .unwrap_err();

        assert_eq!(failure.kind, FailureKind::InvalidArgument);
        for told in ["port", "pasword", "password", "user", "database"] {
            assert!(
                failure.message.contains(told),
                "{told}: {}",
                failure.message
            );
        }
    }

    #[tokio::test]
    async fn nothing_is_opened_where_the_operator_has_switched_it_off() {
        let failure = request(valid())
            .execute(&all_of(&registry(connector(0))), &ad_hoc(false))
            .await
            .unwrap_err();

        assert_eq!(failure.kind, FailureKind::NotAllowed);
    }

    #[tokio::test]
    async fn a_caller_cannot_make_a_connection_writable() {
        let mut arguments = valid();
        arguments["readOnly"] = json!(false);

        let failure = request(arguments)
            .execute(&all_of(&registry(connector(0))), &ad_hoc(true))
            .await
            .unwrap_err();

        assert_eq!(failure.kind, FailureKind::InvalidArgument);
        assert!(failure.message.contains("readOnly"), "{}", failure.message);
    }
}
