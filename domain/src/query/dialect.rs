//! What the domain needs to know of an engine's SQL: what a statement does.

/// What a statement does, as far as its text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatementClass {
    /// Returns rows and, by its kind, changes nothing.
    Read,
    /// Changes rows.
    Write,
    /// Changes the schema.
    Ddl,
    /// Changes the session.
    Session,
    /// Begins, ends or marks a transaction.
    Transaction,
    /// Administers the server, its files or other sessions, or runs stored code.
    Admin,
    /// Not recognised.
    Unknown,
}

/// The verdict on one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    pub class: StatementClass,
    /// The word that decided it, in upper case, such as `DELETE`; empty for a text without words.
    pub construct: String,
}

/// An engine's SQL.
pub trait Dialect: Send + Sync + std::fmt::Debug {
    /// What `sql` does. Never fails: what it cannot tell is [`StatementClass::Unknown`].
    fn classify(&self, sql: &str) -> Classified;
}
