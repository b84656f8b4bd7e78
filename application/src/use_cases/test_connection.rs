//! A real round trip to a database, and where it failed if it did.

use domain::{Cancel, Failure};
use serde::Serialize;

use crate::registry::View;

#[derive(Debug, Clone)]
pub struct TestConnection {
    pub connection: String,
}

/// A connection that works or, as a fact and not as a failed call, one that does not.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tested {
    pub ok: bool,
    pub connection: String,
    /// Milliseconds of the round trip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl TestConnection {
    /// Fails only for a name that does not exist or is not validly configured.
    pub async fn execute(self, view: &View<'_>, cancel: &Cancel) -> Result<Tested, Failure> {
        let name = self.connection;
        if view.open_connection(&name).is_none() {
            view.configuration(&name)?;
        }
        let report = match view.connection_by_hand(&name).await {
            Ok(open) => {
                let report = open.database.pool.test(cancel).await;
                open.record(&report);
                report
            }
            Err(failure) => Err(failure),
        };
        Ok(match report {
            Ok(report) => Tested {
                ok: true,
                connection: name,
                latency_ms: Some((report.latency.as_secs_f64() * 1e6).round() / 1e3),
                server_version: Some(report.version),
                failure: None,
            },
            Err(failure) => Tested {
                ok: false,
                connection: name,
                latency_ms: None,
                server_version: None,
                failure: Some(failure),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use domain::{
        ConnectStep, FailureKind,
        connection::{
            ConnectionName, ExportedParameters, KnownConfiguration, TestReport, parameters::Origin,
            port::MockConnector,
        },
    };

    use super::*;
    use crate::registry::Registry;
    use crate::use_cases::doubles::{FACTS, all_of, config, database_of, pool};

    fn registry(connector: MockConnector) -> Registry {
        let known = KnownConfiguration {
            name: ConnectionName::new("prod").unwrap(),
            source: "test".to_owned(),
            outcome: Ok(Arc::new(config())),
            exported: ExportedParameters::default(),
            origin: Origin::Operator,
            notes: Vec::new(),
        };
        Registry::new([(FACTS.name, Arc::new(connector) as _)], [known])
    }

    fn test(connection: &str) -> TestConnection {
        TestConnection {
            connection: connection.to_owned(),
        }
    }

    #[tokio::test]
    async fn a_configured_connection_is_opened_and_asked() {
        let mut connector = MockConnector::new();
        connector.expect_open().times(1).returning(|config| {
            let mut pool = pool();
            pool.expect_test().times(1).returning(|_| {
                Ok(TestReport {
                    latency: Duration::from_micros(1_234),
                    version: "1.2".to_owned(),
                })
            });
            Ok(database_of(config, pool))
        });

        let tested = test("prod")
            .execute(&all_of(&registry(connector)), &Cancel::new())
            .await
            .unwrap();

        assert_eq!(
            serde_json::to_string(&tested).unwrap(),
            r#"{"ok":true,"connection":"prod","latencyMs":1.234,"serverVersion":"1.2"}"#
        );
    }

    #[tokio::test]
    async fn a_database_that_is_down_is_a_fact_with_the_step_that_failed() {
        let mut connector = MockConnector::new();
        connector.expect_open().times(1).returning(|_| {
            Err(Failure::new(FailureKind::Unavailable, "Nothing there.")
                .with_step(ConnectStep::Tcp))
        });

        let tested = test("prod")
            .execute(&all_of(&registry(connector)), &Cancel::new())
            .await
            .unwrap();

        assert_eq!(
            serde_json::to_string(&tested).unwrap(),
            r#"{"ok":false,"connection":"prod","failure":{"kind":"unavailable","message":"Nothing there.","step":"tcp"}}"#
        );
    }

    #[tokio::test]
    async fn a_name_that_nobody_knows_is_a_failure_with_the_names_there_are() {
        let failure = test("prd")
            .execute(&all_of(&registry(MockConnector::new())), &Cancel::new())
            .await
            .unwrap_err();

        assert_eq!(failure.kind, FailureKind::InvalidArgument);
        assert_eq!(
            failure.hint.as_deref(),
            Some("Did you mean `prod`? Known: prod.")
        );
    }
}
