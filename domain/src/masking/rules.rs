//! Patterns of columns, as an operator writes them.

use std::fmt;

use serde_json::Value;

use super::mask::Mask;

/// Which columns are masked, and how. Letter case does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskRules(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    /// One to three patterns, the column's last: schema, table, column. In lower case.
    parts: Vec<String>,
    mask: Mask,
}

impl MaskRules {
    /// To be read after "expected".
    pub const EXPECTED: &'static str = "columns with full, partial, hash or none, such as *.email=partial,customers.ssn=full; a column is column, table.column or schema.table.column, and * stands for any part of a name";

    /// `*.email=partial,customers.ssn` (without a word: full), or as JSON an object or a list. The error is what is
    /// wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let pairs: Vec<(String, String)> = if text.starts_with(['{', '[']) {
            let json = serde_json::from_str(text).map_err(|_| "Is not valid JSON.".to_owned())?;
            of_json(json)?
        } else {
            text.split(',')
                .map(|entry| {
                    let (pattern, mask) = entry.split_once('=').unwrap_or((entry, "full"));
                    (pattern.trim().to_owned(), mask.trim().to_owned())
                })
                .collect()
        };
        let rules: Vec<Rule> = pairs
            .iter()
            .map(|(pattern, mask)| Rule::parse(pattern, mask))
            .collect::<Result<_, _>>()?;
        if rules.is_empty() {
            return Err("Names no column.".to_owned());
        }
        Ok(Self(rules))
    }

    /// How a column is masked. Of several patterns the one with more parts decides, then the one with fewer stars, then the
    /// one that shows less.
    pub fn of(&self, schema: &str, table: &str, column: &str) -> Option<Mask> {
        self.says(schema, table, column)
            .filter(|mask| *mask != Mask::Shown)
    }

    /// As [`MaskRules::of`], but [`Mask::Shown`] where that is said.
    pub fn says(&self, schema: &str, table: &str, column: &str) -> Option<Mask> {
        let (schema, table, column) = (
            schema.to_lowercase(),
            table.to_lowercase(),
            column.to_lowercase(),
        );
        let names = [schema.as_str(), table.as_str(), column.as_str()];
        self.0
            .iter()
            .filter(|rule| rule.matches(&names))
            .max_by_key(|rule| (rule.exactness(), rule.mask))
            .map(|rule| rule.mask)
    }

    /// What the names of masked columns look like, in lower case, with `*` for any characters.
    pub fn column_patterns(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|rule| rule.mask != Mask::Shown)
            .filter_map(|rule| rule.parts.last().map(String::as_str))
    }
}

fn of_json(json: Value) -> Result<Vec<(String, String)>, String> {
    let full = Mask::Full.as_str().to_owned();
    match json {
        Value::Object(entries) => entries
            .into_iter()
            .map(|(pattern, mask)| match mask {
                Value::String(mask) => Ok((pattern, mask)),
                _ => Err(format!("`{pattern}` is given no word.")),
            })
            .collect(),
        Value::Array(entries) => entries
            .into_iter()
            .map(|entry| match entry {
                Value::String(pattern) => Ok((pattern, full.clone())),
                _ => Err("Holds something that is no text.".to_owned()),
            })
            .collect(),
        _ => Err("Is neither an object nor a list.".to_owned()),
    }
}

impl Rule {
    fn parse(pattern: &str, mask: &str) -> Result<Self, String> {
        let parts: Vec<String> = pattern
            .split('.')
            .map(|part| part.trim().to_lowercase())
            .collect();
        if parts.len() > 3 || parts.iter().any(String::is_empty) {
            return Err(format!("`{pattern}` names no column."));
        }
        let word = mask.to_lowercase();
        let mask = Mask::WORDS
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, mask)| *mask)
            .ok_or_else(|| format!("`{pattern}` is given a word that is no mask."))?;
        Ok(Self { parts, mask })
    }

    fn matches(&self, names: &[&str; 3]) -> bool {
        self.parts
            .iter()
            .rev()
            .zip(names.iter().rev())
            .all(|(pattern, name)| fits(pattern, name))
    }

    /// A bare star says nothing of its part.
    fn exactness(&self) -> (usize, usize) {
        let said = self.parts.iter().filter(|part| *part != "*").count();
        let exact = self.parts.iter().filter(|part| !part.contains('*')).count();
        (said, exact)
    }
}

/// Whether a name is what a pattern with stars describes.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(start) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let end = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match name.split_once(piece) {
            Some((_, after)) => name = after,
            None => return false,
        }
    }
    name.ends_with(end)
}

impl fmt::Display for MaskRules {
    /// As one line, which [`MaskRules::parse`] reads again unless a name holds a comma or an equals sign.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rule) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(
                formatter,
                "{comma}{}={}",
                rule.parts.join("."),
                rule.mask.as_str()
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_masked_by_the_pattern_that_says_most_of_it() {
        let rules = MaskRules::parse(
            "*.email=partial, customers.email=hash, sales.customers.email=full, *_phone=full, \
             lists.email=none, note*=hash, *.*.*secret*=full",
        )
        .unwrap();
        for (column, mask) in [
            (("public", "users", "EMail"), Some(Mask::Partial)),
            (("public", "Customers", "email"), Some(Mask::Hash)),
            (("sales", "customers", "email"), Some(Mask::Full)),
            (("sales", "lists", "email"), None),
            (("a", "b", "home_phone"), Some(Mask::Full)),
            (("a", "b", "phone"), None),
            (("a", "b", "notes"), Some(Mask::Hash)),
            (("a", "b", "the_secrets"), Some(Mask::Full)),
            (("a", "b", "name"), None),
        ] {
            let (schema, table, name) = column;
            assert_eq!(rules.of(schema, table, name), mask, "{column:?}");
        }
    }

    #[test]
    fn a_line_an_object_and_a_list_say_the_same() {
        let line = MaskRules::parse("ssn=full,*.email=full").unwrap();

        assert_eq!(MaskRules::parse("ssn,*.email"), Ok(line.clone()));
        assert_eq!(MaskRules::parse(r#"["ssn","*.email"]"#), Ok(line.clone()));
        assert_eq!(
            MaskRules::parse(r#"{"ssn":"FULL","*.email":"full"}"#)
                .unwrap()
                .of("a", "b", "ssn"),
            Some(Mask::Full)
        );
        assert_eq!(MaskRules::parse(&line.to_string()), Ok(line));
    }

    #[test]
    fn what_names_no_column_or_no_mask_is_told() {
        for (text, why) in [
            ("", "`` names no column."),
            ("a.b.c.d=full", "`a.b.c.d` names no column."),
            ("a..b=full", "`a..b` names no column."),
            ("email=blur", "`email` is given a word that is no mask."),
            ("{}", "Names no column."),
            ("{\"email\":1}", "`email` is given no word."),
            ("[1]", "Holds something that is no text."),
            ("{", "Is not valid JSON."),
        ] {
            assert_eq!(MaskRules::parse(text).unwrap_err(), why, "{text}");
        }
    }
}
