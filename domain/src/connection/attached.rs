//! Further database files that are open beside the one that a connection names, each under a name of its own.

use std::path::PathBuf;

/// `SQLite`'s own limit, as it is built.
const MOST: usize = 10;

/// One of them. Its tables are called `name.table`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attached {
    pub name: String,
    pub path: PathBuf,
}

impl Attached {
    /// To be read after "expected".
    pub const EXPECTED: &'static str =
        "up to ten names with their files, such as archive=archive.db, separated by commas";

    /// `None` for what is no such list. Names are letters, digits and underscores, each once, and none of `SQLite`'s own.
    pub fn list(text: &str) -> Option<Vec<Self>> {
        let mut list: Vec<Self> = Vec::new();
        for word in text.split(',') {
            let (name, path) = word.split_once('=')?;
            let (name, path) = (name.trim(), path.trim());
            let taken = ["main", "temp"]
                .into_iter()
                .chain(list.iter().map(|known| known.name.as_str()))
                .any(|known| known.eq_ignore_ascii_case(name));
            let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if taken || !is_name || path.is_empty() || path.starts_with(':') {
                return None;
            }
            list.push(Self {
                name: name.to_owned(),
                path: PathBuf::from(path),
            });
        }
        (list.len() <= MOST).then_some(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_holds_names_and_files() {
        let one = |name: &str, path: &str| Attached {
            name: name.to_owned(),
            path: PathBuf::from(path),
        };

        assert_eq!(
            Attached::list("old=/srv/a b=c.db, Y_2=C:\\data\\y.db"),
            Some(vec![
                one("old", "/srv/a b=c.db"),
                one("Y_2", "C:\\data\\y.db")
            ])
        );
        for text in [
            "",
            "old",
            "=x.db",
            "old=",
            "main=x.db",
            "TEMP=x.db",
            "a=x.db,A=y.db",
            "a b=x.db",
            "1=x.db",
            "m=:memory:",
            "a=x.db,",
        ] {
            assert_eq!(Attached::list(text), None, "{text}");
        }
    }
}
