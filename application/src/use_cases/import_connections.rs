//! Adds configurations that the caller gives, each on its own.

use std::collections::BTreeMap;

use domain::{
    Failure,
    connection::{ConnectionName, KnownConfiguration, parameters::Parameter},
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{ad_hoc::AdHoc, registry::View};

/// Configurations by name, in the shape that `export_connections` gives.
#[derive(Debug, Clone)]
pub struct ImportConnections {
    pub connections: Map<String, Value>,
    /// Whether an entry takes the place of a configuration of the same name.
    pub overwrite: bool,
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "camelCase")]
pub enum ImportEntry {
    Added,
    Replaced,
    Skipped { reason: String },
    Rejected { reason: String },
}

impl ImportConnections {
    /// One bad entry harms no other.
    pub fn execute(
        self,
        view: &View<'_>,
        ad_hoc: &AdHoc,
    ) -> Result<BTreeMap<String, ImportEntry>, Failure> {
        ad_hoc.must_be_allowed()?;
        Ok(self
            .connections
            .iter()
            .map(|(name, entry)| {
                let result = import(view, ad_hoc, name, entry, self.overwrite)
                    .unwrap_or_else(|reason| ImportEntry::Rejected { reason });
                (name.clone(), result)
            })
            .collect())
    }
}

fn import(
    view: &View<'_>,
    ad_hoc: &AdHoc,
    name: &str,
    entry: &Value,
    overwrite: bool,
) -> Result<ImportEntry, String> {
    let name = ConnectionName::new(name).map_err(|failure| failure.message)?;
    let already = view.known_configuration(name.as_str());
    if already.is_some() && !overwrite {
        return Ok(ImportEntry::Skipped {
            reason: "A configuration of this name exists; set overwrite to replace it.".to_owned(),
        });
    }
    if already.as_ref().is_some_and(shows_each_its_own) {
        return Err(
            "It says whose rows its callers see; the server's own configuration alone can change it."
                .to_owned(),
        );
    }
    if view.is_fixed(&name) {
        return Err("A configuration of this name belongs to whoever runs this server.".to_owned());
    }
    if view.open_connection(name.as_str()).is_some() {
        return Err("A connection of this name is open; close it first.".to_owned());
    }
    let mut known =
        KnownConfiguration::from_import(name, entry, ad_hoc.engines(), already.as_ref());
    match known.outcome {
        Err(mistakes) => Err(AdHoc::refuse(&mistakes).message),
        Ok(config) => {
            known.outcome = Ok(ad_hoc.admit(config).map_err(told)?);
            view.learn(known);
            Ok(match already {
                Some(_) => ImportEntry::Replaced,
                None => ImportEntry::Added,
            })
        }
    }
}

/// A client that could replace it would keep its password, and see everybody's rows.
fn shows_each_its_own(known: &KnownConfiguration) -> bool {
    known.exported.get(Parameter::RowSecurity).is_some()
}

/// A rejected entry has one place for the reason and what can be done about it.
fn told(failure: Failure) -> String {
    match failure.hint {
        Some(hint) => format!("{} {hint}", failure.message),
        None => failure.message,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::registry::Registry;
    use crate::use_cases::{
        ExportConnections,
        doubles::{FACTS, ad_hoc, all_of, connector},
    };

    fn registry() -> Registry {
        Registry::new([(FACTS.name, Arc::new(connector(0)) as _)], [])
    }

    fn import_all(registry: &Registry, connections: &Value, overwrite: bool) -> Value {
        let imported = ImportConnections {
            connections: connections.as_object().unwrap().clone(),
            overwrite,
        }
        .execute(&all_of(registry), &ad_hoc(true))
        .unwrap();
        serde_json::to_value(imported).unwrap()
    }

    fn shop() -> Value {
        json!({"type": "testsql", "host": "db.example", "name": "shop", "user": "reader", "password": "secret"})
    }

    #[test]
    fn each_entry_says_what_became_of_it() {
        let registry = registry();

        let first = import_all(
            &registry,
            &json!({"shop": shop(), "bad": {"type": "nosql"}}),
            false,
        );
        let second = import_all(&registry, &json!({"shop": shop()}), false);
        let third = import_all(&registry, &json!({"shop": shop()}), true);

        assert_eq!(first["shop"], json!({"result": "added"}));
        assert_eq!(first["bad"]["result"], "rejected");
        assert_eq!(second["shop"]["result"], "skipped");
        assert_eq!(third["shop"], json!({"result": "replaced"}));
    }

    #[test]
    fn what_was_exported_can_be_imported_and_keeps_its_password() {
        let registry = registry();
        import_all(&registry, &json!({"shop": shop()}), false);
        let exported = serde_json::to_value(ExportConnections.execute(&all_of(&registry))).unwrap();
        assert_eq!(exported["connections"]["shop"]["password"], "***");

        let again = import_all(&registry, &exported["connections"], true);

        assert_eq!(again["shop"], json!({"result": "replaced"}));
        let kept = all_of(&registry).configuration("shop").unwrap();
        let wanted = KnownConfiguration::from_import(
            ConnectionName::new("shop").unwrap(),
            &shop(),
            ad_hoc(true).engines(),
            None,
        );
        let wanted = domain::connection::ConnectionConfig {
            // Wherever it came from, a client may reach no more than this.
            allowed_hosts: kept.allowed_hosts.clone(),
            ..(*wanted.outcome.unwrap()).clone()
        };
        assert_eq!(*kept, wanted);
    }

    #[test]
    fn a_kept_password_does_not_follow_an_entry_to_another_server() {
        let registry = registry();
        import_all(&registry, &json!({"shop": shop()}), false);
        let mut elsewhere = shop();
        elsewhere["host"] = json!("attacker.example");
        elsewhere["password"] = json!("***");

        let result = import_all(&registry, &json!({"shop": elsewhere}), true);

        assert_eq!(result["shop"]["result"], "rejected");
    }
}
