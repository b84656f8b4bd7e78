//! Arrays: the server's text form of one, as JSON.

use super::{types::Scalar, value::write_element};

/// Appends the array as JSON, nested as it is. `None`, with `out` in no particular state, if `text` is not an array
/// that begins at 1 in each dimension, such as `[0:1]={7,8}`.
pub(super) fn write_json(
    text: &str,
    element: Scalar,
    delimiter: u8,
    out: &mut String,
) -> Option<()> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut depth = 0_usize;
    let mut unescaped = String::new();
    let mut before = Before::Nothing;
    // An array always begins with a brace; one with other bounds begins with a bracket.
    if bytes.first() != Some(&b'{') {
        return None;
    }
    loop {
        match *bytes.get(at)? {
            b'{' => {
                before.value()?;
                before = Before::Nothing;
                out.push('[');
                depth += 1;
                at += 1;
            }
            b'}' => {
                if before == Before::Delimiter {
                    return None;
                }
                before = Before::Value;
                out.push(']');
                depth = depth.checked_sub(1)?;
                at += 1;
                if depth == 0 {
                    return (at == bytes.len()).then_some(());
                }
            }
            byte if byte == delimiter => {
                if before != Before::Value {
                    return None;
                }
                before = Before::Delimiter;
                out.push(',');
                at += 1;
            }
            b'"' => {
                before.value()?;
                at = unquote(text, at + 1, &mut unescaped)?;
                write_element(element, &unescaped, out);
            }
            _ => {
                before.value()?;
                let length = bytes
                    .get(at..)?
                    .iter()
                    .position(|byte| *byte == delimiter || *byte == b'}')?;
                // The server quotes whatever it would have to escape, and a text that looks like NULL.
                match text.get(at..at + length)? {
                    "NULL" => out.push_str("null"),
                    bare => write_element(element, bare, out),
                }
                at += length;
            }
        }
    }
}

/// What stands before a place, inside of the same braces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Value,
    Delimiter,
}

impl Before {
    /// A value is here. `None` if it follows another one.
    fn value(&mut self) -> Option<()> {
        (*self != Self::Value).then(|| *self = Self::Value)
    }
}

/// Reads a quoted element from just after its opening quote; returns where it goes on after the closing one.
fn unquote(text: &str, mut at: usize, out: &mut String) -> Option<usize> {
    out.clear();
    loop {
        let rest = text.get(at..)?;
        let stop = rest
            .bytes()
            .position(|byte| byte == b'"' || byte == b'\\')?;
        out.push_str(rest.get(..stop)?);
        at += stop + 1;
        if rest.as_bytes().get(stop) == Some(&b'"') {
            return Some(at);
        }
        let escaped = text.get(at..)?.chars().next()?;
        out.push(escaped);
        at += escaped.len_utf8();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str, element: Scalar, delimiter: u8) -> Option<String> {
        let mut out = String::new();
        write_json(text, element, delimiter, &mut out).map(|()| out)
    }

    #[test]
    fn arrays_become_json() {
        for (text, element, expected) in [
            ("{}", Scalar::Integer, "[]"),
            ("{1,NULL,3}", Scalar::Integer, "[1,null,3]"),
            ("{{1,2},{3,NULL}}", Scalar::Integer, "[[1,2],[3,null]]"),
            (
                "{9007199254740991,9007199254740992,-9223372036854775808}",
                Scalar::Integer,
                r#"[9007199254740991,"9007199254740992","-9223372036854775808"]"#,
            ),
            ("{t,f,NULL}", Scalar::Bool, "[true,false,null]"),
            (
                "{1.5,NaN,-Infinity,-0}",
                Scalar::Float,
                r#"[1.5,"NaN","-Infinity",-0]"#,
            ),
            (
                r#"{a,"NULL","","a\"b\\c","{x,y}",é}"#,
                Scalar::Text,
                r#"["a","NULL","","a\"b\\c","{x,y}","é"]"#,
            ),
            (r#"{"\\x00ff"}"#, Scalar::Bytes, r#"["\\x00ff"]"#),
            (
                r#"{"{\"a\": 1}","null",NULL,"\"s\""}"#,
                Scalar::Json,
                r#"[{"a":1},null,null,"s"]"#,
            ),
        ] {
            assert_eq!(
                json(text, element, b',').as_deref(),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn boxes_are_divided_by_semicolons() {
        assert_eq!(
            json("{(1,1),(0,0);(2,2),(1,1)}", Scalar::Text, b';').as_deref(),
            Some(r#"["(1,1),(0,0)","(2,2),(1,1)"]"#)
        );
    }

    #[test]
    fn other_bounds_and_broken_texts_are_left_alone() {
        for text in [
            "[0:1]={7,8}",
            "",
            "{",
            "{1",
            "{\"a",
            "{1}}",
            "{1}x",
            "{1,,2}",
            "{,1}",
            "{1,}",
            "{{1}{2}}",
            "{1{2}}",
            "{\"1\"\"2\"}",
        ] {
            assert_eq!(json(text, Scalar::Integer, b','), None, "{text}");
        }
    }
}
