//! Finds the id of a message that cannot be read as a whole, so that its sender gets an answer all the same.

use std::fmt;

use rmcp::model::RequestId;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// The id among the top-level keys of JSON text, which may be cut off or go wrong after it.
pub(super) fn at_the_beginning(text: &[u8]) -> Option<RequestId> {
    let mut found = None;
    let mut json = serde_json::Deserializer::from_slice(text);
    // The text may well be cut off; what counts is what was found before that.
    let _ = Search(&mut found).deserialize(&mut json);
    found
}

/// The id that is the last top-level key of a JSON object, of which only the last bytes are at hand.
///
/// What stands right before the brace that ends the object is a top-level value; the quotes of a key inside a
/// string would have backslashes.
pub(super) fn at_the_end(text: &[u8]) -> Option<RequestId> {
    let text = String::from_utf8_lossy(text);
    let text = text.trim_end().strip_suffix('}')?;
    let (before, value) = text.rsplit_once("\"id\"")?;
    if !before.trim_end().ends_with([',', '{']) {
        return None;
    }
    serde_json::from_str(value.trim_start().strip_prefix(':')?).ok()
}

struct Search<'found>(&'found mut Option<RequestId>);

impl<'de> DeserializeSeed<'de> for Search<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Search<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "id" {
                *self.0 = Some(map.next_value()?);
                return Ok(());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_before_the_text_goes_wrong() {
        for (text, expected) in [
            (r#"{"id":1,"params":"cut of"#, Some("1")),
            (r#"{"jsonrpc":"2.0","id":"a","x":tru"#, Some("a")),
            (r#"{"params":{"id":9},"id":2}"#, Some("2")),
            (r#"{"params":{"id":9}"#, None),
            (r#"{"id":1.5}"#, None),
            (r#"{"id":null}"#, None),
            ("[1]", None),
            ("", None),
        ] {
            let found = at_the_beginning(text.as_bytes()).map(|id| id.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn an_id_is_found_at_the_end_only_where_it_is_the_message_s_own() {
        for (text, expected) in [
            (r#"…xyz"},"jsonrpc":"2.0","id":5}"#, Some("5")),
            (r#"…xyz"},"jsonrpc":"2.0", "id" : "b" }  "#, Some("b")),
            (r#"…"params":{"id":5}}"#, None),
            (r#"…"sql":"x,\"id\":5}"#, None),
            (r#"…"id":5,"jsonrpc":"2.0"}"#, None),
            ("", None),
        ] {
            let found = at_the_end(text.as_bytes()).map(|id| id.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
