//! What a statement may do beside reading and writing rows: what databases let through in their read-only modes, and
//! what deserves a setting of its own where writing is allowed.

use serde::Serialize;

/// Something that an operator allows a writable connection by a setting of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Allowance {
    /// Programs of the server's machine.
    ServerPrograms,
    /// Files of the server's machine.
    ServerFiles,
    /// Other servers, which the database asks in our place.
    RemoteServers,
    /// The server itself: its sessions, accounts, settings, replication.
    Admin,
}

impl Allowance {
    pub const ALL: [Self; 4] = [
        Self::ServerPrograms,
        Self::ServerFiles,
        Self::RemoteServers,
        Self::Admin,
    ];

    /// The parameter of a connection that grants it.
    pub const fn setting(self) -> &'static str {
        match self {
            Self::ServerPrograms => "ALLOW_SERVER_PROGRAMS",
            Self::ServerFiles => "ALLOW_SERVER_FILES",
            Self::RemoteServers => "ALLOW_REMOTE_SERVERS",
            Self::Admin => "ALLOW_ADMIN",
        }
    }
}

/// What makes an effect permissible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// A connection that may write.
    Writable,
    /// A connection that may write, and a setting of its own.
    Setting(Allowance),
    /// Nothing.
    None,
}

/// A kind of side effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    Sequences,
    LargeObjects,
    Notifications,
    Locks,
    RowLocks,
    SessionState,
    /// SQL that is hidden in a value.
    SqlInText,
    ServerFiles,
    ServerPrograms,
    RemoteServers,
    OtherSessions,
    Replication,
    ServerControl,
    Statistics,
    Storage,
    Accounts,
    /// Rows that would go through a channel that a call does not have.
    ClientStream,
    /// A file of the machine that asks, which is ours and not the caller's.
    OwnFiles,
    /// Code that only some servers see, or names that only the server can read.
    HiddenCode,
    /// What not every server runs prepared, or in a transaction.
    Unsupported,
    /// What reaches beyond a database that is a file.
    OutsideFile,
}

impl Effect {
    /// To be read after the name of what does it.
    pub const fn does(self) -> &'static str {
        match self {
            Self::Sequences => "advances or sets a sequence",
            Self::LargeObjects => "changes large objects",
            Self::Notifications => "notifies other sessions",
            Self::Locks => "takes or releases a lock that outlives the statement",
            Self::RowLocks => "locks rows",
            Self::SessionState => "changes the session, which the next call would not see",
            Self::SqlInText => "runs SQL that it is given as text",
            Self::ServerFiles => "reads or writes files of the database server",
            Self::ServerPrograms => "runs a program on the database server",
            Self::RemoteServers => "makes the database talk to another server",
            Self::OtherSessions => "ends or signals other sessions",
            Self::Replication => "acts on replication or the write-ahead log",
            Self::ServerControl => "controls the database server itself",
            Self::Statistics => "resets or changes statistics of the server",
            Self::Storage => "changes how tables are stored",
            Self::Accounts => "changes accounts or privileges",
            Self::ClientStream => "moves rows through a channel that a call does not have",
            Self::OwnFiles => "sends a file of the machine that Portolan runs on",
            Self::HiddenCode => "may hide code from whoever judges it",
            Self::Unsupported => {
                "cannot be relied on to run as every statement does here, prepared and in a transaction of its own"
            }
            Self::OutsideFile => "reaches beyond the database file",
        }
    }

    pub const fn remedy(self) -> Remedy {
        match self {
            Self::Sequences
            | Self::LargeObjects
            | Self::Notifications
            | Self::Locks
            | Self::RowLocks
            | Self::SessionState
            | Self::SqlInText => Remedy::Writable,
            Self::ServerFiles => Remedy::Setting(Allowance::ServerFiles),
            Self::ServerPrograms => Remedy::Setting(Allowance::ServerPrograms),
            Self::RemoteServers => Remedy::Setting(Allowance::RemoteServers),
            Self::OtherSessions
            | Self::Replication
            | Self::ServerControl
            | Self::Statistics
            | Self::Storage
            | Self::Accounts => Remedy::Setting(Allowance::Admin),
            Self::ClientStream
            | Self::OwnFiles
            | Self::HiddenCode
            | Self::Unsupported
            | Self::OutsideFile => Remedy::None,
        }
    }
}

/// The first finding of each effect. One of them may be allowed where another is not.
pub fn first_of_each(found: impl IntoIterator<Item = Finding>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for finding in found {
        if findings.iter().all(|known| known.effect != finding.effect) {
            findings.push(finding);
        }
    }
    findings
}

/// A side effect found in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub effect: Effect,
    /// What does it, as a person would name it: `pg_notify()`, `INTO OUTFILE`.
    pub construct: String,
    /// Where it stands, in characters from 1.
    pub position: usize,
}

impl Finding {
    /// Whether a connection that may write is not enough for it.
    pub const fn needs_setting(&self) -> bool {
        matches!(self.effect.remedy(), Remedy::Setting(_))
    }
}
