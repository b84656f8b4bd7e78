//! Whom a role is for, told by claims.

use serde_json::Value;

use super::Pattern;
use crate::calls::Caller;

/// All of its rules must hold. Without any it holds for everybody who has signed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When(Vec<ClaimRule>);

/// One claim, and the values that will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRule {
    /// As the issuer names it, or the way to it with dots: `realm_access.roles`. `principal` is who is known here.
    pub claim: String,
    /// One is enough. Texts may have stars.
    pub any_of: Vec<Value>,
}

/// The name of the rule about the principal, whatever claim has the same name.
const PRINCIPAL: &str = "principal";
/// A claim of several words in one text (RFC 8693).
const SCOPE: &str = "scope";

impl When {
    pub fn new(rules: Vec<ClaimRule>) -> Self {
        Self(rules)
    }

    pub fn holds(&self, caller: &Caller) -> bool {
        self.0.iter().all(|rule| rule.holds(caller))
    }
}

impl ClaimRule {
    fn holds(&self, caller: &Caller) -> bool {
        if self.claim == PRINCIPAL {
            return self.is_met_by_text(caller.principal.as_str());
        }
        match self.value(caller) {
            None | Some(Value::Null | Value::Object(_)) => false,
            Some(Value::Array(values)) => values.iter().any(|value| self.is_met_by(value)),
            Some(Value::String(words)) if self.claim == SCOPE => words
                .split_whitespace()
                .any(|word| self.is_met_by_text(word)),
            Some(value) => self.is_met_by(value),
        }
    }

    /// A claim of just this name comes first: issuers put URLs, with dots in them, before names of their own.
    fn value<'caller>(&self, caller: &'caller Caller) -> Option<&'caller Value> {
        caller.claims.get(&self.claim).or_else(|| {
            let mut path = self.claim.split('.');
            let first = caller.claims.get(path.next()?)?;
            path.try_fold(first, |value, name| value.get(name))
        })
    }

    fn is_met_by(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.is_met_by_text(text),
            Value::Bool(_) | Value::Number(_) => self.any_of.contains(value),
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        }
    }

    fn is_met_by_text(&self, text: &str) -> bool {
        self.any_of
            .iter()
            .filter_map(Value::as_str)
            .any(|wanted| Pattern::new(wanted).matches(text))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::calls::{Claims, Principal};

    fn caller() -> Caller {
        let claims = json!({
            "groups": ["analysts", "staff"],
            "email": "ada@example.com",
            "email_verified": true,
            "level": 3,
            "scope": "db.read db.list",
            "realm_access": {"roles": ["reader"]},
            "https://example.com/roles": ["auditor"],
            "principal": "root",
            "nothing": null,
            "nested": [["analysts"]],
        });
        let claims = claims.as_object().cloned().unwrap();
        Caller::new(Principal::new("ada"), Claims::new(claims))
    }

    #[test]
    fn a_claim_is_held_against_the_values_that_will_do() {
        for (claim, any_of, expected) in [
            ("groups", json!(["analysts"]), true),
            ("groups", json!(["admins", "staff"]), true),
            ("groups", json!(["analyst"]), false),
            ("groups", json!([]), false),
            ("email", json!(["*@example.com"]), true),
            ("email", json!(["*@example.org"]), false),
            ("email_verified", json!([true]), true),
            ("email_verified", json!(["true"]), false),
            ("level", json!([3]), true),
            ("level", json!(["3"]), false),
            ("scope", json!(["db.list"]), true),
            ("scope", json!(["db"]), false),
            ("realm_access.roles", json!(["reader"]), true),
            ("realm_access", json!(["*"]), false),
            ("https://example.com/roles", json!(["auditor"]), true),
            ("principal", json!(["ada"]), true),
            ("principal", json!(["root"]), false),
            ("nothing", json!([null, "*"]), false),
            ("missing", json!(["*"]), false),
            ("nested", json!(["*", ["analysts"]]), false),
        ] {
            let rule = ClaimRule {
                claim: claim.to_owned(),
                any_of: any_of.as_array().cloned().unwrap(),
            };
            assert_eq!(rule.holds(&caller()), expected, "{claim} {any_of}");
        }
    }

    #[test]
    fn every_rule_must_hold() {
        let rule = |claim: &str, value: &str| ClaimRule {
            claim: claim.to_owned(),
            any_of: vec![value.into()],
        };
        let both = When::new(vec![
            rule("groups", "analysts"),
            rule("email", "ada@example.com"),
        ]);
        let one = When::new(vec![rule("groups", "analysts"), rule("email", "bob@*")]);

        assert!(both.holds(&caller()));
        assert!(!one.holds(&caller()));
        assert!(When::default().holds(&caller()));
    }
}
