//! What a text may do that no parser has read to its end: by its words alone, and too much rather than too little.

use std::ops::Range;

use super::{
    functions,
    sources::Sources,
    syntax::{Called, Inner, Syntax, name_of},
};

#[derive(Default)]
pub(super) struct Guess<'a> {
    sql: &'a str,
    /// What the text may do, but for clauses that lock.
    syntax: Syntax,
    locks: Vec<Inner>,
    /// Whether there is a word that each statement begins with that is no query.
    telling: bool,
    /// Where the last name stands, if nothing but white space has come since.
    name: Option<Range<usize>>,
    last: Word,
    /// In bytes from 0.
    last_at: usize,
    chain: Chain,
    /// Names behind the point of a value: fields, or functions of one argument. And views that read files.
    fields: Vec<Called>,
    /// Names behind the point of a name: columns, or functions of one argument.
    columns: Vec<Range<usize>>,
    sources: Sources,
    /// Whether the last token is a string with escapes.
    escaped: bool,
}

/// `(t).f`, `a[1].f`, `$1.f`: the server takes `f` for a function of that value where it is no field of it. So it does with
/// `t.f` where `t` is no row but what a function in FROM returns.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Chain {
    #[default]
    None,
    Value,
    Point,
    Name,
    PointOfName,
}

/// What a token tells about the next one.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Word {
    /// A statement may begin behind it.
    #[default]
    Opening,
    Insert,
    Merge,
    Delete,
    Update,
    For,
    Other,
}

impl Word {
    fn of(text: &str, behind: Self) -> Self {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        // Some of these words are also names, but no name stands where a statement begins.
        let begins = behind == Self::Opening;
        match text {
            "(" | ")" | ";" => Self::Opening,
            _ if is("EXPLAIN") || is("ANALYZE") || is("ANALYSE") || is("VERBOSE") => Self::Opening,
            _ if is("INSERT") => Self::Insert,
            _ if is("MERGE") => Self::Merge,
            _ if begins && is("DELETE") => Self::Delete,
            _ if begins && is("UPDATE") => Self::Update,
            _ if is("FOR") => Self::For,
            _ => Self::Other,
        }
    }
}

impl<'a> Guess<'a> {
    pub(super) fn of(sql: &'a str) -> Self {
        Self {
            sql,
            ..Self::default()
        }
    }

    /// The next token that is neither white space nor a comment.
    pub(super) fn token(&mut self, text: &str, at: usize) {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        let previous = self.name.take();
        self.field(text, at);
        self.sources.token(text, is_name(text));
        self.continued(text, at);
        if text == "(" {
            let called = previous.map(|name| self.called(name));
            self.syntax.calls.extend(called);
        } else if is_name(text) {
            if is("UESCAPE") && previous.is_some() {
                self.syntax.disguised.get_or_insert(Inner {
                    construct: "A name with UESCAPE",
                    at,
                });
            }
            if reads_a_file(text) {
                let view = self.called(at..at + text.len());
                self.fields.push(view);
            }
            self.name = Some(at..at + text.len());
            self.telling |= is_telling(text);
        }
        let inner = |construct, at| Inner { construct, at };
        let write = match self.last {
            Word::Insert if is("INTO") => Some(inner("INSERT", self.last_at)),
            Word::Merge if is("INTO") => Some(inner("MERGE", self.last_at)),
            Word::Delete if is("FROM") => Some(inner("DELETE", self.last_at)),
            Word::Update if is_name(text) => Some(inner("UPDATE", self.last_at)),
            _ if is("INTO") => Some(inner("SELECT INTO", at)),
            _ if is("CREATE") => Some(inner("CREATE", at)),
            _ => None,
        };
        self.syntax.writes.extend(write);
        if self.last == Word::For {
            let clause = lock(text).map(|clause| inner(clause, self.last_at));
            self.locks.extend(clause);
        }
        if is("EXECUTE") {
            self.syntax.executes.get_or_insert(inner("EXECUTE", at));
        }
        self.syntax.analyzes |= is("ANALYZE") || is("ANALYSE");
        self.last = Word::of(text, self.last);
        self.last_at = at;
    }

    fn called(&self, name: Range<usize>) -> Called {
        Called {
            at: name.start,
            name: name_of(self.sql.get(name).unwrap_or_default()),
        }
    }

    fn field(&mut self, text: &str, at: usize) {
        self.chain = match (text, self.chain) {
            (")" | "]", _) => Chain::Value,
            (".", Chain::Value) => Chain::Point,
            (".", Chain::Name) => Chain::PointOfName,
            (_, Chain::Point) if is_name(text) => {
                let called = self.called(at..at + text.len());
                self.fields.push(called);
                Chain::Value
            }
            (_, Chain::PointOfName) if is_name(text) => {
                self.columns.push(at..at + text.len());
                Chain::Name
            }
            _ if is_name(text) => Chain::Name,
            _ if text.starts_with('$') => Chain::Value,
            _ => Chain::None,
        };
    }

    /// A string with escapes goes on in the next one, with escapes, which other lexers take for a plain string.
    fn continued(&mut self, text: &str, at: usize) {
        if self.escaped && text.starts_with('\'') {
            self.syntax.disguised.get_or_insert(Inner {
                construct: "A string that goes on behind E'…'",
                at,
            });
        } else {
            self.escaped = text
                .get(..2)
                .is_some_and(|start| start.eq_ignore_ascii_case("e'"));
        }
    }

    /// Names that may be called as fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = Called> {
        let columns = if self.sources.have_a_function() {
            self.columns.as_slice()
        } else {
            &[]
        };
        let columns = columns.iter().map(|column| self.called(column.clone()));
        let columns = columns.filter(|column| !functions::may_be_a_column(&column.name));
        self.fields.iter().cloned().chain(columns)
    }

    /// The last name, if nothing but white space has come since.
    pub(super) fn name(&self) -> Option<Called> {
        self.name.clone().map(|name| self.called(name))
    }

    /// Whether no parser could find anything in the text: what it looks for begins with a telling word, or is called by
    /// its name.
    pub(super) fn is_certain(&self) -> bool {
        let acts = |called: &Called| functions::effect_of(&called.name).is_some();
        !self.telling
            && self.locks.is_empty()
            && !self.syntax.calls.iter().any(acts)
            && !self.fields().any(|field| acts(&field))
    }

    /// What is written so that only the server can read it.
    pub(super) fn disguised(&self) -> Option<Inner> {
        self.syntax.disguised
    }

    /// The clause that locks rows and begins here.
    pub(super) fn lock_at(&self, at: usize) -> Option<Inner> {
        self.locks.iter().find(|clause| clause.at == at).copied()
    }

    pub(super) fn into_syntax(mut self) -> Syntax {
        let fields: Vec<_> = self.fields().collect();
        self.syntax.calls.extend(fields);
        Syntax {
            locks: self.locks.first().copied(),
            ..self.syntax
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first == '"' || first == '_' || first.is_alphabetic())
        && !text.ends_with('\'')
}

/// Whether a name is that of a view that reads files of the server, however it is written.
fn reads_a_file(text: &str) -> bool {
    let may_be = text.starts_with(['"', 'u', 'U'])
        || text
            .get(..3)
            .is_some_and(|start| start.eq_ignore_ascii_case("pg_"));
    may_be && functions::is_view_of_a_file(&name_of(text))
}

/// Words that stand in all that is looked for inside of a query, but for calls and clauses that lock.
fn is_telling(text: &str) -> bool {
    [
        "INSERT", "UPDATE", "DELETE", "MERGE", "INTO", "CREATE", "EXECUTE",
    ]
    .iter()
    .any(|word| text.eq_ignore_ascii_case(word))
}

/// The clause that `FOR` and this word begin.
fn lock(word: &str) -> Option<&'static str> {
    [
        ("UPDATE", "FOR UPDATE"),
        ("SHARE", "FOR SHARE"),
        ("NO", "FOR NO KEY UPDATE"),
        ("KEY", "FOR KEY SHARE"),
    ]
    .into_iter()
    .find(|(known, _)| known.eq_ignore_ascii_case(word))
    .map(|(_, clause)| clause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes(sql: &str) -> Vec<&'static str> {
        // No parser reads past the first sign.
        let writes = Syntax::of(&format!(") {sql}")).writes.into_iter();
        writes.map(|inner| inner.construct).collect()
    }

    #[test]
    fn writes_are_found_by_words() {
        for (sql, expected) in [
            (
                "WITH a AS (DELETE /* all */ FROM t) SELECT",
                &["DELETE"][..],
            ),
            ("WITH a AS (SELECT 1) UPDATE \"t\" SET", &["UPDATE"]),
            ("WITH a AS (MERGE INTO t USING u)", &["MERGE"]),
            ("EXPLAIN ANALYZE INSERT INTO t VALUES (1)", &["INSERT"]),
            ("EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1", &["CREATE"]),
            ("SELECT 1 INTO t", &["SELECT INTO"]),
        ] {
            assert_eq!(writes(sql), expected, "{sql}");
        }
    }

    #[test]
    fn names_that_are_such_words_are_no_writes() {
        for sql in [
            "WITH delete AS (SELECT 1) SELECT delete, update, insert FROM delete",
            "SELECT t.update, 'DELETE FROM t', \"into\" FROM t FOR UPDATE",
        ] {
            assert_eq!(writes(sql), [""; 0], "{sql}");
        }
    }
}
