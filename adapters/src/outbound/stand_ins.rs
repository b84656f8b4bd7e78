//! A text with names that nothing has in the place of others: what comes of it is what would come of the text if what
//! those name were not there.

use std::ops::Range;

use domain::Failure;

/// A stand-in begins with a letter that hardly any name begins with, such as one of these, and goes on with [`FILLER`].
pub(super) const WESTERN: &str = "ÿþýûúùøõôóòñðïîíìëêéèçæåãâáà";
const FILLER: char = 'x';

/// A name where a text has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// In bytes, with its quotes.
    pub(super) at: Range<usize>,
    /// As the server tells it.
    pub(super) name: String,
}

/// The changed text, with what it had before.
#[derive(Debug)]
pub(super) struct StandIns {
    pub(super) sql: String,
    /// For each mark the name, and how it was written first.
    names: Vec<(char, String, String)>,
}

impl StandIns {
    /// Puts a name of as many characters in the place of each of these, which come in their order, in the same quotes: without
    /// them a name could become part of the word before it. They begin with `letters`, which the server must have. `None` if the
    /// names are too many, or the text has such letters itself.
    pub(super) fn of(
        sql: &str,
        names: impl IntoIterator<Item = Written>,
        letters: &str,
    ) -> Option<Self> {
        let mut found = Self {
            sql: String::with_capacity(sql.len()),
            names: Vec::new(),
        };
        let mut read = 0;
        for Written { at, name } in names {
            let written = sql.get(at.clone())?;
            let (open, close) = quotes(written);
            let inner = at.start + open..at.end.checked_sub(close)?;
            found.sql.push_str(sql.get(read..inner.start)?);
            let written = sql.get(inner.clone()).filter(|name| !name.is_empty())?;
            let mark = found.mark(&name, written, sql, letters)?;
            found.sql.push(mark);
            found.sql.extend(written.chars().skip(1).map(|_| FILLER));
            read = inner.end;
        }
        found.sql.push_str(sql.get(read..)?);
        Some(found)
    }

    fn mark(&mut self, name: &str, written: &str, sql: &str, letters: &str) -> Option<char> {
        if let Some((mark, ..)) = self.names.iter().find(|(_, known, _)| known == name) {
            return Some(*mark);
        }
        let mark = letters
            .chars()
            .filter(|mark| !sql.contains(*mark))
            .find(|mark| self.names.iter().all(|(taken, ..)| taken != mark))?;
        self.names.push((mark, name.to_owned(), written.to_owned()));
        Some(mark)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The failure in the words of the text as it was.
    pub(super) fn told(&self, mut failure: Failure) -> Failure {
        // A syntax error quotes the text, everything else the name.
        let quotes = ["syntax error", "You have an error in your SQL syntax"]
            .iter()
            .any(|begins| failure.message.starts_with(begins));
        failure.message = self.restored(&failure.message, quotes);
        failure.hint = failure.hint.map(|hint| self.restored(&hint, quotes));
        failure.detail = failure.detail.map(|detail| self.restored(&detail, quotes));
        failure
    }

    fn restored(&self, text: &str, quotes: bool) -> String {
        let mut restored = String::with_capacity(text.len());
        let mut rest = text.chars().peekable();
        while let Some(character) = rest.next() {
            let Some((_, name, written)) = self.names.iter().find(|(mark, ..)| *mark == character)
            else {
                restored.push(character);
                continue;
            };
            restored.push_str(if quotes { written } else { name });
            // Less of it where a server cuts long names.
            for _ in 1..written.chars().count() {
                if rest.next_if_eq(&FILLER).is_none() {
                    break;
                }
            }
        }
        restored
    }
}

/// How many bytes of a name are the quotes around it.
fn quotes(written: &str) -> (usize, usize) {
    match written.as_bytes() {
        [b'"' | b'`', ..] => (1, 1),
        [b'U' | b'u', b'&', b'"', ..] => (3, 1),
        _ => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use domain::FailureKind;

    use super::*;

    fn written(sql: &str, names: &[&str]) -> Vec<Written> {
        let mut found: Vec<Written> = names
            .iter()
            .flat_map(|name| {
                sql.match_indices(name).map(|(at, text)| Written {
                    at: at..at + text.len(),
                    name: text.trim_matches('"').to_lowercase(),
                })
            })
            .collect();
        found.sort_by_key(|one| one.at.start);
        found
    }

    fn told(sql: &str, names: &[&str], message: &str) -> (String, String) {
        let stand_ins = StandIns::of(sql, written(sql, names), WESTERN).unwrap();
        let failure = Failure::new(FailureKind::InvalidSql, message);
        (stand_ins.sql.clone(), stand_ins.told(failure).message)
    }

    #[test]
    fn a_name_gives_its_place_to_as_many_characters_and_comes_back_in_what_is_told() {
        let (sql, message) = told(
            "SELECT 'é' FROM \"Pay\" p, WAGES",
            &["\"Pay\"", "WAGES"],
            "relation \"ÿxx\" and þxxxx do not exist",
        );

        assert_eq!(sql, "SELECT 'é' FROM \"ÿxx\" p, þxxxx");
        assert_eq!(message, "relation \"pay\" and wages do not exist");
    }

    #[test]
    fn a_syntax_error_quotes_the_text() {
        let (_, message) = told(
            "FROM WAGES",
            &["WAGES"],
            "syntax error at or near \"ÿxxxx\"",
        );

        assert_eq!(message, "syntax error at or near \"WAGES\"");
    }

    #[test]
    fn one_name_has_one_stand_in_and_what_a_server_cuts_is_told_whole() {
        let (sql, message) = told("wages.a, wages.b", &["wages"], "ÿxx.a");

        assert_eq!(sql, "ÿxxxx.a, ÿxxxx.b");
        assert_eq!(message, "wages.a");
    }

    #[test]
    fn a_name_keeps_its_quotes_and_stays_apart_from_its_neighbours() {
        for (sql, name, expected) in [
            ("FROM`pay`WHERE", "`pay`", "FROM`ÿxx`WHERE"),
            ("FROM\"pay\"a", "\"pay\"", "FROM\"ÿxx\"a"),
            (
                "FROM U&\"p\\0061y\"a",
                "U&\"p\\0061y\"",
                "FROM U&\"ÿxxxxxx\"a",
            ),
        ] {
            assert_eq!(told(sql, &[name], "").0, expected);
        }
    }

    #[test]
    fn a_mark_that_the_text_has_is_another_name() {
        let (sql, _) = told("SELECT 'ÿ' FROM wages", &["wages"], "");

        assert_eq!(sql, "SELECT 'ÿ' FROM þxxxx");
    }
}
