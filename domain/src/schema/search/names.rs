//! The names of everything, ready to be compared with a pattern.

use super::{kind::place, pattern::Pattern, words::folded};

/// Hardly ever in a name.
const BETWEEN: char = '\0';

/// Distinct names, folded for comparing.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// One after the other, each with a NUL behind it.
    text: String,
    /// Where in `text` each name begins, and which text of the index it is.
    starts: Vec<(u32, u32)>,
}

impl Names {
    /// Adds the name that is the index's text at `at`.
    pub(super) fn add(&mut self, name: &str, at: usize) {
        self.starts.push((place(self.text.len()), place(at)));
        self.text.push_str(&folded(name));
        self.text.push(BETWEEN);
    }

    /// The index's texts that are names.
    pub(super) fn all(&self) -> impl Iterator<Item = u32> {
        self.starts.iter().map(|(_, text)| *text)
    }

    /// The same with the names, folded.
    pub(super) fn named(&self) -> impl Iterator<Item = (u32, &str)> {
        (0..self.starts.len()).filter_map(|at| self.name(at))
    }

    /// The index's texts that are names like the pattern.
    ///
    /// The longest text that the pattern asks for is searched for in all names at once; only where it stands is the
    /// pattern looked at.
    pub(super) fn like(&self, pattern: &Pattern) -> Vec<u32> {
        let is_like = |(text, name): (u32, &str)| pattern.matches_folded(name).then_some(text);
        let literal = pattern.literal();
        if literal.is_empty() || literal.contains(BETWEEN) {
            return self.named().filter_map(is_like).collect();
        }
        let mut places: Vec<usize> = self
            .text
            .match_indices(&literal)
            .map(|(byte, _)| self.at(byte))
            .collect();
        places.dedup();
        let named = places.into_iter().filter_map(|at| self.name(at));
        named.filter_map(is_like).collect()
    }

    fn name(&self, at: usize) -> Option<(u32, &str)> {
        let (start, text) = *self.starts.get(at)?;
        let end = match self.starts.get(at + 1) {
            Some((next, _)) => *next as usize,
            None => self.text.len(),
        };
        let name = self
            .text
            .get(start as usize..end.checked_sub(BETWEEN.len_utf8())?)?;
        Some((text, name))
    }

    /// The name that stands at this place of the text.
    fn at(&self, byte: usize) -> usize {
        let after = self
            .starts
            .partition_point(|(start, _)| *start as usize <= byte);
        after.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_like_a_pattern_is_found_and_no_other() {
        let known = [
            "orders",
            "Orders",
            "reorder",
            "order_items",
            "",
            "a\0b",
            "b",
            "Größe",
            "%",
            "o",
            "ordersorders",
        ];
        let mut names = Names::default();
        for (at, name) in known.iter().enumerate() {
            names.add(name, at);
        }
        for pattern in [
            "%", "order%", "%order", "%order%", "o%r%s", "_rder%", "%\0b", "%\\%", "gro%", "%rs%s",
        ] {
            let pattern = Pattern::of(pattern).unwrap();
            let expected: Vec<u32> = (0..)
                .zip(known)
                .filter(|(_, name)| pattern.matches(name))
                .map(|(at, _)| at)
                .collect();

            assert_eq!(names.like(&pattern), expected, "{pattern:?}");
        }
    }
}
