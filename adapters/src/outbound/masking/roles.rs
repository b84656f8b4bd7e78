//! What each token of a statement is there for: a clause, a table that is read, what it is called.

use super::{Refusal, Relation, token::Token};

/// The clause that a token stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Clause {
    #[default]
    Elsewhere,
    /// The list of columns.
    Items,
    /// Behind FROM, JOIN or a comma between sources.
    Before,
    /// Behind the beginning of a source.
    Behind,
    On,
    /// GROUP BY and ORDER BY.
    By,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Role {
    pub(super) clause: Clause,
    /// How many parentheses are open.
    pub(super) depth: usize,
    /// It names a source, or what a source is called.
    pub(super) is_source: bool,
}

#[derive(Debug, Default)]
pub(super) struct Roles {
    pub(super) of: Vec<Role>,
    /// What sources with masked columns are called.
    pub(super) called: Vec<String>,
    /// Unites the results of several queries.
    pub(super) unites: bool,
}

/// One pair of parentheses, or what is outside of all.
#[derive(Debug, Clone, Copy, Default)]
struct Frame {
    clause: Clause,
    /// It holds a source with masked columns and is no query of its own.
    joins_masked: bool,
    is_query: bool,
}

struct Walk<'a> {
    tokens: &'a [Token],
    relations: &'a [Relation],
    strings_are_names: bool,
    frame: Frame,
    outside: Vec<Frame>,
    roles: Roles,
}

impl Roles {
    pub(super) fn of(
        tokens: &[Token],
        relations: &[Relation],
        strings_are_names: bool,
    ) -> Result<Self, Refusal> {
        let mut walk = Walk {
            tokens,
            relations,
            strings_are_names,
            frame: Frame::default(),
            outside: Vec::new(),
            roles: Self::default(),
        };
        let mut at = 0;
        while at < tokens.len() {
            at = walk.step(at)?;
        }
        Ok(walk.roles)
    }
}

/// What ends the sources of a query and no name of a source can be.
const ENDS: [&str; 17] = [
    "where",
    "having",
    "limit",
    "offset",
    "fetch",
    "for",
    "window",
    "returning",
    "qualify",
    "union",
    "intersect",
    "except",
    "minus",
    "procedure",
    "into",
    "values",
    "lock",
];
/// Words that may follow a source and are never what it is called: reserved in PostgreSQL, where a source's name is a value.
const NO_ALIAS: [&str; 24] = [
    "join",
    "inner",
    "left",
    "right",
    "full",
    "cross",
    "natural",
    "on",
    "using",
    "where",
    "group",
    "having",
    "order",
    "limit",
    "offset",
    "fetch",
    "for",
    "window",
    "union",
    "intersect",
    "except",
    "tablesample",
    "lateral",
    "into",
];

impl Walk<'_> {
    fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at)
    }

    fn is_sign(&self, at: usize, sign: &str) -> bool {
        self.token(at).is_some_and(|token| token.is_sign(sign))
    }

    fn is_word(&self, at: usize, word: &str) -> bool {
        self.token(at).is_some_and(|token| token.is_word(word))
    }

    fn is_name(&self, at: usize) -> bool {
        self.token(at).is_some_and(|token| {
            token.is_name() || (self.strings_are_names && token.kind == super::token::Kind::Text)
        })
    }

    fn note(&mut self, is_source: bool) {
        self.roles.of.push(Role {
            clause: self.frame.clause,
            depth: self.outside.len(),
            is_source,
        });
    }

    /// Reads one token, or a source with what it is called; tells where to go on.
    fn step(&mut self, at: usize) -> Result<usize, Refusal> {
        let Some(token) = self.token(at) else {
            return Ok(at + 1);
        };
        let behind_point = at > 0 && self.is_sign(at - 1, ".");
        if token.is_sign("(") {
            self.note(false);
            let inside = Frame {
                clause: if self.frame.clause == Clause::Before {
                    Clause::Before
                } else {
                    Clause::Elsewhere
                },
                ..Frame::default()
            };
            self.outside.push(self.frame);
            self.frame = inside;
            return Ok(at + 1);
        }
        if token.is_sign(")") {
            let inner = self.frame;
            self.frame = self.outside.pop().unwrap_or_default();
            self.note(false);
            if self.frame.clause == Clause::Before {
                self.frame.clause = Clause::Behind;
                if inner.joins_masked && !inner.is_query {
                    if self.alias_behind(at + 1).is_some() {
                        return Err(Refusal::of(
                            at,
                            "A join in parentheses that has a name of its own hides which columns are masked.",
                        ));
                    }
                    self.frame.joins_masked = true;
                }
            }
            return Ok(at + 1);
        }
        if token.is_sign(",") {
            if matches!(self.frame.clause, Clause::Behind | Clause::On) {
                self.frame.clause = Clause::Before;
            }
            self.note(false);
            return Ok(at + 1);
        }
        if token.kind == super::token::Kind::Word && !behind_point {
            let word = token.text.clone();
            if self.keyword(at, &word)? {
                self.note(false);
                return Ok(at + 1);
            }
        }
        if self.frame.clause == Clause::Before && self.is_name(at) {
            return self.source(at);
        }
        self.note(false);
        Ok(at + 1)
    }

    /// Whether the word is one that changes or keeps the clause, and no name.
    fn keyword(&mut self, at: usize, word: &str) -> Result<bool, Refusal> {
        let clause = self.frame.clause;
        let follows = |word: &str| at > 0 && self.is_word(at - 1, word);
        self.frame.clause = match word {
            "select" => {
                self.frame.is_query = true;
                Clause::Items
            }
            "union" | "intersect" | "except" | "minus" => {
                self.roles.unites = true;
                Clause::Elsewhere
            }
            "with" if clause == Clause::Before => {
                self.frame.is_query = true;
                Clause::Elsewhere
            }
            "values" if clause == Clause::Before => Clause::Elsewhere,
            "from" if follows("rows") => {
                return Err(Refusal::of(
                    at,
                    "ROWS FROM may take rows from where nobody tells their columns.",
                ));
            }
            "from" if clause == Clause::Items && !follows("distinct") => Clause::Before,
            "join" | "straight_join" if matches!(clause, Clause::Behind | Clause::On) => {
                Clause::Before
            }
            "natural" if matches!(clause, Clause::Behind | Clause::On) => {
                return Err(Refusal::of(
                    at,
                    "NATURAL compares all columns of the same name, masked ones too.",
                ));
            }
            "on" if clause == Clause::Behind => Clause::On,
            "group" | "order" if self.is_word(at + 1, "by") => Clause::By,
            "lateral" | "only" if clause == Clause::Before => Clause::Before,
            "table" if at == 0 => {
                self.frame.is_query = true;
                Clause::Before
            }
            "table" => {
                return Err(Refusal::of(
                    at,
                    "TABLE stands here for all columns, masked ones too.",
                ));
            }
            _ if ENDS.contains(&word) && clause != Clause::Before && clause != Clause::Items => {
                Clause::Elsewhere
            }
            // Without FROM.
            "where" | "limit" | "having" if clause == Clause::Items => Clause::Elsewhere,
            _ => return Ok(false),
        };
        Ok(true)
    }

    /// A source: its name, perhaps with a schema, and what it is called.
    fn source(&mut self, at: usize) -> Result<usize, Refusal> {
        let mut last = at;
        while self.is_sign(last + 1, ".") && self.is_name(last + 2) {
            last += 2;
        }
        let is_function = self.is_sign(last + 1, "(");
        let name = self
            .token(last)
            .map(|token| token.text.clone())
            .unwrap_or_default();
        let is_masked = !is_function && self.relations.iter().any(|relation| relation.name == name);
        for _ in at..last {
            self.note(false);
        }
        self.note(!is_function);
        self.frame.clause = Clause::Behind;
        if !is_masked {
            return Ok(last + 1);
        }
        self.frame.joins_masked = true;
        let mut next = last + 1;
        if self.is_sign(next, "*") {
            self.note(true);
            next += 1;
        }
        let Some(alias) = self.alias_behind(next) else {
            return Ok(next);
        };
        while next < alias {
            self.note(false);
            next += 1;
        }
        if let Some(token) = self.token(alias) {
            self.roles.called.push(token.text.clone());
        }
        self.note(true);
        if self.is_sign(alias + 1, "(") {
            return Err(Refusal::of(
                alias + 1,
                "A list of columns behind a table hides which of them are masked.",
            ));
        }
        Ok(alias + 1)
    }

    /// Where the name stands that a source is given.
    fn alias_behind(&self, at: usize) -> Option<usize> {
        if self.is_word(at, "as") {
            return Some(at + 1);
        }
        let token = self.token(at)?;
        (self.is_name(at) && !token.is_one_of(&NO_ALIAS)).then_some(at)
    }
}
