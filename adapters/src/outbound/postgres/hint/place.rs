//! What stands where the server points: its messages may be in any language.

/// The text from a position on, in characters from 1.
pub(super) fn text_at(position: usize, sql: &str) -> &str {
    position
        .checked_sub(1)
        .and_then(|before| sql.char_indices().nth(before))
        .and_then(|(start, _)| sql.get(start..))
        .unwrap_or_default()
}

/// The character before a position.
pub(super) fn before(position: usize, sql: &str) -> Option<char> {
    sql.chars().nth(position.checked_sub(2)?)
}

/// The parts of the name that stands there, as the server reads them.
pub(super) fn names_at(position: usize, sql: &str) -> Option<Vec<String>> {
    names(text_at(position, sql)).map(|(names, _)| names)
}

/// The name that stands there, as it is written.
pub(super) fn written_at(position: usize, sql: &str) -> Option<String> {
    let text = text_at(position, sql);
    let (_, after) = names(text)?;
    let written = text.get(..text.len() - after.len())?;
    Some(written.split_whitespace().collect())
}

/// The parts of a name, and what follows it.
fn names(text: &str) -> Option<(Vec<String>, &str)> {
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        let (name, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let (name, after) = quoted.split_once('"')?;
            (name.to_owned(), after)
        } else {
            let end = rest
                .find(|character: char| {
                    !character.is_alphanumeric() && character != '_' && character != '$'
                })
                .unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            (name.to_lowercase(), after)
        };
        if name.is_empty() {
            return None;
        }
        names.push(name);
        match after.trim_start().strip_prefix('.') {
            Some(next) => rest = next.trim_start(),
            None => return Some((names, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_its_parts() {
        for (text, expected) in [
            ("Emial FROM users", Some(("Emial", vec!["emial"]))),
            ("u.emial = 1", Some(("u.emial", vec!["u", "emial"]))),
            (
                "public . \"Usres\" u",
                Some(("public.\"Usres\"", vec!["public", "Usres"])),
            ),
            ("usres", Some(("usres", vec!["usres"]))),
            ("(1)", None),
        ] {
            let sql = format!("é {text}");
            let names = names_at(3, &sql);
            let found = written_at(3, &sql).zip(names);
            let expected = expected.map(|(written, names)| {
                let names = names.into_iter().map(str::to_owned).collect::<Vec<_>>();
                (written.to_owned(), names)
            });
            assert_eq!(found, expected, "{text}");
        }
    }
}
