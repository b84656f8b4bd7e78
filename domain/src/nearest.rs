//! The nearest known word to a misspelt one.

/// The candidate that differs from `word` by few enough typing mistakes to be what was meant, if one does.
///
/// Letter case does not count. The shorter the word, the fewer mistakes are forgiven: none in a single character, of
/// which nothing would be left, one in up to four, two in up to eight, three beyond.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let forgiven = match length {
        0 => return None,
        1 => 0,
        2..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .map(|candidate| (candidate, candidate.to_lowercase()))
        // No more alike than they are long; to compare takes time by the product of their lengths.
        .filter(|(_, lower)| lower.chars().count().abs_diff(length) <= forgiven)
        .map(|(candidate, lower)| (strsim::damerau_levenshtein(&word, &lower), candidate))
        .filter(|(distance, _)| *distance <= forgiven)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant_and_nothing_else() {
        let known = ["PASSWORD", "PORT", "HOST", "MAX_CONNECTIONS", "Y"];
        for (word, expected) in [
            ("PASWORD", Some("PASSWORD")),
            ("passwrod", Some("PASSWORD")),
            ("PROT", Some("PORT")),
            ("MAX_CONECTION", Some("MAX_CONNECTIONS")),
            ("CHARSET", None),
            ("y", Some("Y")),
            ("x", None),
            ("", None),
            (&"x".repeat(1_000_000), None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }
}
