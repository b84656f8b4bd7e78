//! From the text of a configuration to the mapping, or to what is wrong with it.

use serde_json::{Map, Value, json};

use super::{ActAs, RowSecurity, Template};
use crate::{
    connection::{
        config::ConnectionConfig,
        engine::{EngineFacts, Identity},
    },
    nearest::nearest,
};

/// The keys of the mapping.
const KEYS: [&str; 3] = ["role", "settings", "actAs"];
/// In whose place another user's name is put, if nothing else is said.
const USER: &str = "sub";

impl RowSecurity {
    /// To be read after "expected".
    pub const EXPECTED: &'static str = r#"an object such as {"settings": {"app.tenant": "{claim:tenant}"}}, with `role`, `settings` or both, and perhaps `actAs`"#;

    /// The mapping in its JSON, and the functions that may run beside the harmless ones, separated by commas. The error
    /// is one sentence.
    pub fn parse(text: &str, functions: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("Is not valid JSON: {error}."))?;
        let Value::Object(mapping) = &value else {
            return Err("Is not an object.".to_owned());
        };
        if let Some(unknown) = mapping.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(match nearest(unknown, KEYS) {
                Some(meant) => format!("Has the key `{unknown}`; did you mean `{meant}`?"),
                None => format!("Has the unknown key `{unknown}`."),
            });
        }
        let role = match mapping.get("role") {
            None => None,
            Some(value) => Some(template("role", value)?),
        };
        let settings = match mapping.get("settings") {
            None => Vec::new(),
            Some(value) => settings(value)?,
        };
        if role.is_none() && settings.is_empty() {
            return Err("Maps nothing: it has neither `role` nor `settings`.".to_owned());
        }
        let act_as = match mapping.get("actAs") {
            None => None,
            Some(value) => Some(act_as(value)?),
        };
        Ok(Self {
            role,
            settings,
            act_as,
            functions: functions
                .split(',')
                .map(|name| name.trim().to_lowercase())
                .filter(|name| !name.is_empty())
                .collect(),
        })
    }
}

impl RowSecurity {
    /// Why a connection cannot keep to it, if it cannot.
    pub fn unfit_for(&self, engine: EngineFacts, config: &ConnectionConfig) -> Option<String> {
        match engine.row_security {
            Identity::None => {
                return Some(format!(
                    "Has no meaning for {}, which has no row security: every caller sees every row.",
                    engine.name
                ));
            }
            Identity::RoleAndSettings => {
                let plain = self.settings.iter().find(|(name, _)| !name.contains('.'));
                if let Some((name, _)) = plain {
                    return Some(format!(
                        "Sets `{name}`, which may be a setting of the server; use a name with a point, as in app.{name}."
                    ));
                }
            }
            Identity::Variables => {
                if self.role.is_some() {
                    return Some(format!("Takes on a role, which {} does not.", engine.name));
                }
                let pointed = self.settings.iter().find(|(name, _)| name.contains('.'));
                if let Some((name, _)) = pointed {
                    return Some(format!(
                        "Sets `{name}`, which is no name of a variable; use one without a point."
                    ));
                }
                if !config.policy.is_read_only() {
                    return Some(format!(
                        "Cannot be kept to by {} on a connection that may write.",
                        engine.name
                    ));
                }
            }
        }
        config.max_estimated_rows.map(|_| {
            "Cannot stand beside a ceiling of estimated rows: an estimate tells of everybody's rows.".to_owned()
        })
    }

    /// As it is given.
    pub fn to_json(&self) -> Value {
        let mut mapping = Map::new();
        if let Some(role) = &self.role {
            mapping.insert("role".to_owned(), role.to_string().into());
        }
        if !self.settings.is_empty() {
            let settings = self.settings.iter();
            let settings: Map<String, Value> = settings
                .map(|(name, template)| (name.clone(), template.to_string().into()))
                .collect();
            mapping.insert("settings".to_owned(), settings.into());
        }
        if let Some(rule) = &self.act_as {
            let when: Map<String, Value> = rule.when.iter().cloned().collect();
            mapping.insert(
                "actAs".to_owned(),
                json!({"claim": rule.claim, "when": when}),
            );
        }
        mapping.into()
    }
}

fn template(key: &str, value: &Value) -> Result<Template, String> {
    value
        .as_str()
        .and_then(Template::parse)
        .ok_or_else(|| format!("`{key}` must be {}.", Template::EXPECTED))
}

fn settings(value: &Value) -> Result<Vec<(String, Template)>, String> {
    let Value::Object(settings) = value else {
        return Err("`settings` must be an object of names and texts.".to_owned());
    };
    settings
        .iter()
        .map(|(name, value)| {
            if is_name(name) {
                Ok((name.clone(), template(name, value)?))
            } else {
                Err(format!(
                    "`{name}` is no name of a setting; use lower-case letters, digits and underscores, as in app.tenant."
                ))
            }
        })
        .collect()
}

/// Small letters, digits and underscores, with at most one point between them: it stands in SQL as it is.
fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        part.len() <= 40
            && part.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    match name.split_once('.') {
        Some((class, name)) => is_part(class) && is_part(name),
        None => is_part(name),
    }
}

fn act_as(value: &Value) -> Result<ActAs, String> {
    let expected = || {
        r#"`actAs` must say whose claims allow it, as in {"when": {"role": "support"}}."#.to_owned()
    };
    let Value::Object(rule) = value else {
        return Err(expected());
    };
    if rule
        .keys()
        .any(|key| !["claim", "when"].contains(&key.as_str()))
    {
        return Err(expected());
    }
    let claim = match rule.get("claim") {
        None => USER.to_owned(),
        Some(Value::String(claim)) if !claim.is_empty() => claim.clone(),
        Some(_) => return Err(expected()),
    };
    let when: &Map<String, Value> = rule
        .get("when")
        .and_then(Value::as_object)
        .filter(|when| !when.is_empty())
        .ok_or_else(expected)?;
    Ok(ActAs {
        claim,
        when: when
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_mapping_is_told() {
        for (text, expected) in [
            ("[]", "Is not an object."),
            ("{}", "Maps nothing: it has neither `role` nor `settings`."),
            (
                r#"{"setings": {}}"#,
                "Has the key `setings`; did you mean `settings`?",
            ),
            (
                r#"{"settings": {"search path": "{claim:a}"}}"#,
                "`search path` is no name of a setting; use lower-case letters, digits and underscores, as in app.tenant.",
            ),
            (
                r#"{"role": "reader"}"#,
                "`role` must be text in which {claim:name} and {principal} stand for what is known of a caller.",
            ),
            (
                r#"{"role": "{claim:a}", "actAs": {"when": {}}}"#,
                r#"`actAs` must say whose claims allow it, as in {"when": {"role": "support"}}."#,
            ),
        ] {
            assert_eq!(RowSecurity::parse(text, "").unwrap_err(), expected);
        }
    }

    #[test]
    fn functions_are_a_list() {
        let mapping = RowSecurity::parse(r#"{"role": "{claim:a}"}"#, " Slug ,shop.total,, ");

        assert_eq!(mapping.unwrap().functions, ["slug", "shop.total"]);
    }
}
