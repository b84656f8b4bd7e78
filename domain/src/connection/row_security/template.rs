//! A text with places for what is known of a caller: `tenant_{claim:tenant}`.

use std::fmt;

use serde_json::Value;

use crate::calls::{Caller, Claims};

/// Parts in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Claim(String),
    Principal,
}

/// Why a template has no value for a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lacking {
    /// The claim is not there, null or empty.
    Claim(String),
    /// The claim is a list or an object, which cannot be part of a longer text.
    Scalar(String),
}

impl Template {
    /// To be read after "expected".
    pub const EXPECTED: &'static str =
        "text in which {claim:name} and {principal} stand for what is known of a caller";

    /// `None` for a brace that is no place, and for a text that says the same of every caller.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (place, behind) = after.split_once('}')?;
            if !before.is_empty() {
                parts.push(plain(before)?);
            }
            parts.push(match place.strip_prefix("claim:") {
                Some(name) if !name.trim().is_empty() => Part::Claim(name.trim().to_owned()),
                None if place == "principal" => Part::Principal,
                _ => return None,
            });
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(plain(rest)?);
        }
        let says_something = |part: &Part| !matches!(part, Part::Text(_));
        parts.iter().any(says_something).then_some(Self(parts))
    }

    /// The value for a caller. `instead` is a claim with the value that takes its place; it stands for the principal too.
    pub(super) fn value(
        &self,
        caller: &Caller,
        instead: Option<(&str, &str)>,
    ) -> Result<String, Lacking> {
        let mut value = String::new();
        for part in &self.0 {
            match (part, instead) {
                (Part::Text(text), _) => value.push_str(text),
                (Part::Principal, Some((_, user))) => value.push_str(user),
                (Part::Principal, None) => value.push_str(caller.principal.as_str()),
                (Part::Claim(name), Some((claim, user))) if name == claim => value.push_str(user),
                (Part::Claim(name), _) => {
                    value.push_str(&self.claim(name, &caller.claims)?);
                }
            }
        }
        Ok(value)
    }

    fn claim(&self, name: &str, claims: &Claims) -> Result<String, Lacking> {
        let alone = self.0.len() == 1;
        match claim(claims, name) {
            None | Some(Value::Null) => Err(Lacking::Claim(name.to_owned())),
            Some(Value::String(text)) if text.is_empty() => Err(Lacking::Claim(name.to_owned())),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
            // As JSON, which a policy can take apart.
            Some(value) if alone => Ok(value.to_string()),
            Some(_) => Err(Lacking::Scalar(name.to_owned())),
        }
    }

    /// The text before the first place, which every value begins with.
    pub fn prefix(&self) -> &str {
        match self.0.first() {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }
}

/// A brace that closes nothing was hardly meant.
fn plain(text: &str) -> Option<Part> {
    (!text.contains('}')).then(|| Part::Text(text.to_owned()))
}

/// A claim by its name, or by the names on the way to it: `realm_access.tenant`.
pub(super) fn claim<'claims>(claims: &'claims Claims, name: &str) -> Option<&'claims Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let mut steps = name.split('.');
    let mut value = claims.get(steps.next()?)?;
    for step in steps {
        value = value.get(step)?;
    }
    Some(value)
}

impl fmt::Display for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => formatter.write_str(text),
            Part::Claim(name) => write!(formatter, "{{claim:{name}}}"),
            Part::Principal => formatter.write_str("{principal}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::calls::Principal;

    fn caller(claims: &Value) -> Caller {
        Caller::new(
            Principal::new("ada"),
            Claims::new(claims.as_object().unwrap().clone()),
        )
    }

    #[test]
    fn places_are_filled_with_what_is_known_of_the_caller() {
        let caller = caller(&json!({
            "tenant": "north", "number": 7, "staff": true, "groups": ["a", "b"],
            "realm": {"tenant": "deep"}, "https://shop.example/tenant": "named",
        }));
        for (text, expected) in [
            ("{claim:tenant}", "north"),
            ("tenant_{claim:tenant}", "tenant_north"),
            ("{principal}/{claim:number}/{claim:staff}", "ada/7/true"),
            ("{claim:groups}", r#"["a","b"]"#),
            ("{claim:realm.tenant}", "deep"),
            ("{claim:https://shop.example/tenant}", "named"),
        ] {
            let template = Template::parse(text).unwrap();
            assert_eq!(template.value(&caller, None).unwrap(), expected, "{text}");
            assert_eq!(template.to_string(), text);
        }
    }

    #[test]
    fn what_the_caller_lacks_is_named() {
        let caller = caller(&json!({"empty": "", "null": null, "groups": ["a"]}));
        for (text, lacking) in [
            ("{claim:tenant}", Lacking::Claim("tenant".to_owned())),
            ("{claim:empty}", Lacking::Claim("empty".to_owned())),
            ("{claim:null}", Lacking::Claim("null".to_owned())),
            ("t_{claim:groups}", Lacking::Scalar("groups".to_owned())),
        ] {
            let template = Template::parse(text).unwrap();
            assert_eq!(template.value(&caller, None), Err(lacking), "{text}");
        }
    }

    #[test]
    fn a_text_that_says_the_same_of_everybody_is_no_template() {
        for text in [
            "",
            "tenant",
            "{claim:}",
            "{claim",
            "claim:a}",
            "{tenant}",
            "}{claim:a}",
        ] {
            assert_eq!(Template::parse(text), None, "{text}");
        }
    }
}
