//! `MariaDB`'s JSON as JSON: it writes texts between quotes as they are, quotes, backslashes and line breaks included.
//!
//! Its layout tells where a text ends: each member stands on a line of its own, and a list of short texts on one.

use std::fmt::Write as _;

/// The same with its texts escaped, as JSON wants them.
pub(super) fn escaped(text: &str) -> String {
    let mut members: Vec<String> = Vec::new();
    for line in text.lines() {
        match members.last_mut() {
            // What begins like no member goes on with the text before it.
            Some(before) if !begins_member(line.trim_start()) => {
                let _ = write!(before, "\n{line}");
            }
            _ => members.push(line.to_owned()),
        }
    }
    members
        .iter()
        .map(|member| escaped_member(member))
        .collect()
}

fn begins_member(line: &str) -> bool {
    line.starts_with(['{', '}', '[', ']']) || key_of(line).is_some() || is_text(line)
}

/// `"rows": 5,` as `"rows": ` and `5,`.
fn key_of(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.strip_prefix('"')?.split_once("\": ")?;
    let is_key = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    (!key.is_empty() && key.chars().all(is_key)).then(|| line.split_at(line.len() - value.len()))
}

fn is_text(value: &str) -> bool {
    let value = value.strip_suffix(',').unwrap_or(value);
    value.len() > 1 && value.starts_with('"') && value.ends_with('"')
}

fn escaped_member(member: &str) -> String {
    let member = member.trim_start();
    let (key, value) = key_of(member).unwrap_or(("", member));
    let (value, comma) = match value.strip_suffix(',') {
        Some(value) => (value, ","),
        None => (value, ""),
    };
    let between = |open: &str, close: &str| value.strip_prefix(open)?.strip_suffix(close);
    let value = if let Some(texts) = between("[\"", "\"]") {
        let texts: Vec<String> = texts.split("\", \"").map(quoted).collect();
        format!("[{}]", texts.join(","))
    } else if let Some(text) = between("\"", "\"") {
        quoted(text)
    } else {
        value.to_owned()
    };
    format!("{key}{value}{comma}\n")
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Value {
        assert!(serde_json::from_str::<Value>(text).is_err());
        serde_json::from_str(&escaped(text)).unwrap()
    }

    #[test]
    fn quotes_and_backslashes_in_texts_are_kept() {
        let plan = r#"{
  "query_block": {
    "select_id": 1,
    "having_condition": "count(0) > 1",
    "filesort": {
      "sort_key": "json_extract(q.j,'$."x"')",
      "table": {
        "table_name": "q"": {",
        "possible_keys": ["k"1", "k2"],
        "rows": 2,
        "attached_condition": "q.t like '%",\_%' and q.`a"b` > 1"
      }
    }
  }
}"#;

        assert_eq!(
            read(plan),
            json!({ "query_block": {
                "select_id": 1,
                "having_condition": "count(0) > 1",
                "filesort": {
                    "sort_key": "json_extract(q.j,'$.\"x\"')",
                    "table": {
                        "table_name": "q\"\": {",
                        "possible_keys": ["k\"1", "k2"],
                        "rows": 2,
                        "attached_condition": "q.t like '%\",\\_%' and q.`a\"b` > 1",
                    },
                },
            } })
        );
    }

    #[test]
    fn a_name_goes_on_behind_a_line_break() {
        let plan =
            "{\n  \"table\": {\n    \"table_name\": \"line\nbreak\",\n    \"rows\": 1\n  }\n}";

        assert_eq!(
            read(plan),
            json!({ "table": { "table_name": "line\nbreak", "rows": 1 } })
        );
    }

    #[test]
    fn a_list_may_have_a_line_for_each_of_its_texts() {
        let plan = "{\n  \"used_key_parts\": [\n    \"a\"b\",\n    \"c\"\n  ]\n}";

        assert_eq!(read(plan), json!({ "used_key_parts": ["a\"b", "c"] }));
    }
}
