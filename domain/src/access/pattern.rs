//! A name, or many: `*` stands for any number of characters.

use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(String);

impl Pattern {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Letter case counts.
    pub fn matches(&self, name: &str) -> bool {
        matches(&self.0, name)
    }

    /// Letter case does not count. A dotted capital I is an i, as MySQL and MariaDB have it where they store names in
    /// lower case.
    pub fn matches_in_any_case(&self, name: &str) -> bool {
        matches(&in_lower_case(&self.0), &in_lower_case(name))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn in_lower_case(text: &str) -> String {
    // By itself it becomes an i and a dot above it.
    text.replace('İ', "i").to_lowercase()
}

/// Every part between stars is found as early as it can be, which is enough: no other place for it leaves more room.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = name.split_once(part) else {
            return false;
        };
        name = after;
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, expected) in [
            ("orders", "orders", true),
            ("orders", "orders2", false),
            ("orders", "Orders", false),
            ("*", "", true),
            ("*", "anything", true),
            ("order*", "order_items", true),
            ("order*", "reorder", false),
            ("*_audit", "a_audit", true),
            ("*_audit", "audit", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("a**b", "ab", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(name),
                expected,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn letter_case_counts_where_it_is_asked_to() {
        let pattern = Pattern::new("Pay*");

        assert!(!pattern.matches("payroll"));
        assert!(pattern.matches_in_any_case("PAYROLL"));
        assert!(Pattern::new("*items").matches_in_any_case("shop_İTEMS"));
        assert!(Pattern::new("İtems").matches_in_any_case("items"));
    }
}
