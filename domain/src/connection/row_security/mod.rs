//! How a caller's claims become what the policies of a database go by: a role, or settings of the session.
//!
//! Which rows these show is the database's own business; that a statement cannot change them is the engine's.

mod reading;
mod template;

use serde_json::Value;

pub use self::template::Template;
use self::template::{Lacking, claim};
use crate::{
    calls::Caller,
    failure::{Failure, FailureKind},
    query::ActsAs,
};

/// Names are cut at this many bytes by the servers, and what is cut may be somebody else's.
const LONGEST_NAME: usize = 63;

/// The mapping of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSecurity {
    pub role: Option<Template>,
    /// Names with their values, in the order in which they were given.
    pub settings: Vec<(String, Template)>,
    pub act_as: Option<ActAs>,
    /// Functions that may run beside those that are known to be harmless, in lower case; with their schema or without.
    pub functions: Vec<String>,
}

/// Who may act as another user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActAs {
    /// The claim in whose place the other user's name is put.
    pub claim: String,
    /// What the caller's own claims must say, all of it.
    pub when: Vec<(String, Value)>,
}

impl RowSecurity {
    /// As whom a statement of this caller runs. Refused before anything runs: a caller without the claims, and one who
    /// asks to act as another without being allowed to.
    pub fn acts_as(&self, caller: &Caller) -> Result<ActsAs, Failure> {
        let on_behalf_of = self.on_behalf_of(caller)?;
        let instead = self.act_as.as_ref().zip(on_behalf_of.as_deref());
        let instead = instead.map(|(rule, user)| (rule.claim.as_str(), user));
        let role = match &self.role {
            Some(template) => Some(role(template.value(caller, instead).map_err(lacking)?)?),
            None => None,
        };
        let mut settings = Vec::with_capacity(self.settings.len());
        for (name, template) in &self.settings {
            let value = template.value(caller, instead).map_err(lacking)?;
            if value.contains('\0') {
                return Err(refused("A claim of the caller holds a NUL character."));
            }
            settings.push((name.clone(), value));
        }
        Ok(ActsAs {
            role,
            settings,
            on_behalf_of,
        })
    }

    fn on_behalf_of(&self, caller: &Caller) -> Result<Option<String>, Failure> {
        let Some(user) = &caller.acts_for else {
            return Ok(None);
        };
        let Some(rule) = &self.act_as else {
            return Err(act_as_refused());
        };
        if user.is_empty() || user.chars().any(char::is_control) {
            return Err(Failure::invalid_argument(
                "The user to act as is not the name of one.",
            ));
        }
        let own = claim(&caller.claims, &rule.claim).and_then(Value::as_str);
        if own == Some(user) {
            return Ok(None);
        }
        let holds = |(name, wanted): &(String, Value)| {
            claim(&caller.claims, name).is_some_and(|claim| says(claim, wanted))
        };
        if rule.when.is_empty() || !rule.when.iter().all(holds) {
            return Err(act_as_refused());
        }
        Ok(Some(user.clone()))
    }

    /// Whether the operator vouches for a function, by its bare name or with its schema.
    pub fn lists(&self, schema: Option<&str>, function: &str) -> bool {
        self.functions.iter().any(|listed| {
            match (listed.split_once('.'), schema) {
                (Some((listed_schema, name)), Some(schema)) => {
                    listed_schema == schema && name == function
                }
                // Where it would be found is not known.
                (Some(_), None) => false,
                (None, _) => listed == function,
            }
        })
    }
}

/// A claim says what is wanted, or lists it.
fn says(claim: &Value, wanted: &Value) -> bool {
    match (claim, wanted) {
        (_, Value::Array(any)) => any.iter().any(|wanted| says(claim, wanted)),
        (Value::Array(list), wanted) => list.contains(wanted),
        (claim, wanted) => claim == wanted,
    }
}

/// A name that the server takes as it is. `none` means no role to `SET ROLE`, even in quotes.
fn role(name: String) -> Result<String, Failure> {
    let is_name = !name.is_empty()
        && name.len() <= LONGEST_NAME
        && !name.chars().any(char::is_control)
        && !name.eq_ignore_ascii_case("none");
    if is_name {
        Ok(name)
    } else {
        Err(refused("The caller's claims give no name of a role."))
    }
}

fn lacking(lacking: Lacking) -> Failure {
    refused(match lacking {
        Lacking::Claim(name) => format!(
            "Rows of this connection are shown by the claim `{name}`, which the caller does not have."
        ),
        Lacking::Scalar(name) => format!(
            "Rows of this connection are shown by the claim `{name}`, which of this caller is not one value."
        ),
    })
}

fn refused(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::NotAllowed, message).with_hint(
        "Ask whoever runs this server or its sign-in for it; nothing was sent to the database.",
    )
}

/// The refusal of a caller who asks to act as another user where that is not allowed.
pub fn act_as_refused() -> Failure {
    Failure::new(
        FailureKind::NotAllowed,
        "The call asks to act as another user, which this connection does not allow its caller.",
    )
    .with_hint(
        "Leave x-rls-user-id out. Whoever runs this server can allow it by `actAs` in ROW_SECURITY of the connection.",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::calls::{Claims, Principal};

    fn caller(claims: &Value) -> Caller {
        Caller::new(
            Principal::new("ada"),
            Claims::new(claims.as_object().unwrap().clone()),
        )
    }

    fn mapping(text: &str) -> RowSecurity {
        RowSecurity::parse(text, "").unwrap()
    }

    #[test]
    fn claims_become_a_role_and_settings() {
        let mapping = mapping(
            r#"{"role": "tenant_{claim:tenant}", "settings": {"app.user": "{principal}", "app.tenant": "{claim:tenant}"}}"#,
        );

        let acts_as = mapping
            .acts_as(&caller(&json!({"tenant": "north"})))
            .unwrap();

        assert_eq!(
            acts_as,
            ActsAs {
                role: Some("tenant_north".to_owned()),
                settings: vec![
                    ("app.tenant".to_owned(), "north".to_owned()),
                    ("app.user".to_owned(), "ada".to_owned()),
                ],
                on_behalf_of: None,
            }
        );
    }

    #[test]
    fn a_caller_without_the_claim_is_refused() {
        let mapping = mapping(r#"{"settings": {"app.tenant": "{claim:tenant}"}}"#);

        let failure = mapping
            .acts_as(&caller(&json!({"other": "x"})))
            .unwrap_err();

        assert_eq!(failure.kind, FailureKind::NotAllowed);
        assert_eq!(
            failure.message,
            "Rows of this connection are shown by the claim `tenant`, which the caller does not have."
        );
    }

    #[test]
    fn no_claim_makes_a_name_that_means_another_role() {
        let mapping = mapping(r#"{"role": "{claim:role}"}"#);
        let long = "x".repeat(64);
        for name in ["none", "NONE", "a\nb", long.as_str()] {
            let failure = mapping
                .acts_as(&caller(&json!({"role": name})))
                .unwrap_err();
            assert_eq!(failure.kind, FailureKind::NotAllowed, "{name}");
        }
    }

    const SUPPORT: &str = r#"{"settings": {"app.user": "{claim:sub}", "app.tenant": "{claim:tenant}"},
        "actAs": {"when": {"roles": "support"}}}"#;

    fn acting(claims: &Value, user: &str) -> Result<ActsAs, Failure> {
        mapping(SUPPORT).acts_as(&Caller {
            acts_for: Some(user.to_owned()),
            ..caller(claims)
        })
    }

    #[test]
    fn who_may_act_as_another_user_does_and_keeps_the_other_claims() {
        let claims = json!({"sub": "ada", "tenant": "north", "roles": ["support", "staff"]});

        let acts_as = acting(&claims, "bob").unwrap();

        assert_eq!(acts_as.on_behalf_of.as_deref(), Some("bob"));
        assert_eq!(
            acts_as.settings,
            [
                ("app.tenant".to_owned(), "north".to_owned()),
                ("app.user".to_owned(), "bob".to_owned()),
            ]
        );
    }

    #[test]
    fn who_may_not_act_as_another_user_is_refused() {
        for claims in [
            json!({"sub": "ada", "tenant": "north", "roles": ["staff"]}),
            json!({"sub": "ada", "tenant": "north", "roles": "supporter"}),
            json!({"sub": "ada", "tenant": "north"}),
        ] {
            let failure = acting(&claims, "bob").unwrap_err();
            assert_eq!(failure.kind, FailureKind::NotAllowed, "{claims}");
        }
    }

    #[test]
    fn to_act_as_oneself_is_nothing_special() {
        let acts_as = acting(&json!({"sub": "ada", "tenant": "north"}), "ada").unwrap();

        assert_eq!(acts_as.on_behalf_of, None);
    }

    #[test]
    fn where_nothing_is_said_of_it_nobody_acts_as_another() {
        let mapping = mapping(r#"{"settings": {"app.user": "{claim:sub}"}}"#);
        let asking = Caller {
            acts_for: Some("bob".to_owned()),
            ..caller(&json!({"sub": "ada", "roles": ["support"]}))
        };

        assert_eq!(
            mapping.acts_as(&asking).unwrap_err().kind,
            FailureKind::NotAllowed
        );
    }

    #[test]
    fn a_function_is_listed_by_its_name_or_with_its_schema() {
        let mapping = RowSecurity::parse(r#"{"role": "{claim:a}"}"#, "slug, shop.total").unwrap();
        for (schema, function, expected) in [
            (None, "slug", true),
            (Some("any"), "slug", true),
            (Some("shop"), "total", true),
            (Some("other"), "total", false),
            (None, "total", false),
            (None, "upper", false),
        ] {
            assert_eq!(mapping.lists(schema, function), expected, "{function}");
        }
    }
}
