//! What asks a table with masked columns for more than it may tell.

use super::super::super::masking::{Kind, Token};

/// What a statement over a table with masked columns asks in a way that tells of their values or hides them.
pub(super) fn asks_aside(tokens: &[Token]) -> Option<(usize, &'static str)> {
    tokens.iter().enumerate().find_map(|(at, token)| {
        let next = tokens.get(at + 1);
        let then = |words: &[&str]| next.is_some_and(|next| next.is_one_of(words));
        let why = if token.is_word("natural") {
            "NATURAL compares all columns of the same name, masked ones too."
        } else if token.is_word("partition") && next.is_some_and(|next| next.is_sign("(")) {
            "A partition may be chosen by the values of masked columns."
        } else if token.is_one_of(&["use", "force", "ignore"]) && then(&["index", "key"]) {
            "The order of an index may be that of a masked column."
        } else if token.kind == Kind::Word && token.text == "procedure" {
            "PROCEDURE reads all columns, masked ones too."
        } else {
            return None;
        };
        Some((at, why))
    })
}
