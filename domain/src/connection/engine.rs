//! What configuration needs to know of an engine, told by the engine itself.

/// How databases of an engine are addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// A server by host and port, or by its socket.
    Server { default_port: u16 },
    /// A file.
    File,
}

/// The words of an engine. Each engine's folder has one of these; nobody else lists engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineFacts {
    /// The name used in results, logs and metrics: `postgresql`, `mysql`, `sqlite`.
    pub name: &'static str,
    /// Every word that means this engine as a `TYPE` or as the scheme of a URL, the canonical one first.
    pub words: &'static [&'static str],
    pub addressing: Addressing,
    /// A database holds schemas, and `SCHEMA` is the path to search; else a schema is a database, and `SCHEMA` another
    /// word for `NAME`.
    pub schemas: bool,
    /// Transaction poolers for it are known, and `POOLER` has a meaning.
    pub poolers: bool,
    /// What a statement touches is known before it runs, so roles may have rules about tables.
    pub tells_tables: bool,
    /// How a session is told whose rows a statement may see.
    pub row_security: Identity,
}

/// What a session knows of whoever it works for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Nothing: rows are the same for everybody.
    None,
    /// A role that it takes on, and settings with a point in their names.
    RoleAndSettings,
    /// Variables.
    Variables,
}
