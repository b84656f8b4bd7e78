//! Patterns as LIKE reads them: `%` is any text, `_` any character, a backslash takes the next one as it is.

use super::words::folded;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Token>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Any,
    One,
    Exactly(char),
}

impl Pattern {
    /// The pattern that a text is; `None` for words. An underscore alone makes none: it belongs to most names.
    pub(super) fn of(text: &str) -> Option<Self> {
        if !text.contains('%') {
            return None;
        }
        let mut tokens = Vec::new();
        let text = folded(text);
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let token = match character {
                '%' => Token::Any,
                '_' => Token::One,
                '\\' => Token::Exactly(characters.next().unwrap_or('\\')),
                other => Token::Exactly(other),
            };
            if token != Token::Any || tokens.last() != Some(&Token::Any) {
                tokens.push(token);
            }
        }
        Some(Self(tokens))
    }

    /// Whether the pattern speaks of a schema too.
    pub(super) fn has_dot(&self) -> bool {
        self.0.contains(&Token::Exactly('.'))
    }

    /// The longest text that everything like this has in it; empty if there is none.
    pub(super) fn literal(&self) -> String {
        let mut longest = String::new();
        let mut current = String::new();
        for token in &self.0 {
            match token {
                Token::Exactly(character) => current.push(*character),
                Token::Any | Token::One => current.clear(),
            }
            if current.len() > longest.len() {
                longest.clone_from(&current);
            }
        }
        longest
    }

    /// Whether the whole name is like this. Letter case and accents do not count.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.matches_folded(&folded(name))
    }

    /// As [`Pattern::matches`], for a name that is folded already.
    pub(super) fn matches_folded(&self, name: &str) -> bool {
        let after = |at: usize| name.get(at..).and_then(|rest| rest.chars().next());
        // Where to go on from if what follows the last `%` does not fit: it takes one character more.
        let mut back: Option<(usize, usize)> = None;
        let (mut token, mut at) = (0, 0);
        loop {
            match (self.0.get(token), after(at)) {
                (None, None) => return true,
                (Some(Token::Any), _) => {
                    token += 1;
                    back = Some((token, at));
                }
                (Some(Token::One), Some(character)) => {
                    token += 1;
                    at += character.len_utf8();
                }
                (Some(Token::Exactly(expected)), Some(character)) if *expected == character => {
                    token += 1;
                    at += character.len_utf8();
                }
                _ => match back.and_then(|(token, from)| Some((token, from, after(from)?))) {
                    Some((next, from, skipped)) => {
                        at = from + skipped.len_utf8();
                        token = next;
                        back = Some((next, at));
                    }
                    None => return false,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_as_like_does() {
        for (pattern, name, matches) in [
            ("%", "", true),
            ("order%", "Orders_2019", true),
            ("order%", "reorder", false),
            ("%order", "reorder", true),
            ("%_id", "customer_id", true),
            ("%_id", "_id", true),
            ("%_id", "id", false),
            ("a%b%c", "axxbyybzc", true),
            ("a%b%c", "axxbyyb", false),
            ("100\\%%", "100% cotton", true),
            ("%caf_%", "Cafés", true),
            ("%a%a%a%a%a%a%a%b", &"a".repeat(200), false),
        ] {
            assert_eq!(
                Pattern::of(pattern).unwrap().matches(name),
                matches,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn an_underscore_alone_makes_no_pattern() {
        assert_eq!(Pattern::of("order_items"), None);
    }
}
