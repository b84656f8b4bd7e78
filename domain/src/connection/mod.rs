//! Named databases: how one is reached, what may run on it, and the port that opens it.

pub mod attached;
pub mod circuit;
pub mod config;
pub mod database;
pub mod engine;
pub mod hosts;
pub mod known;
pub mod mistake;
pub mod name;
pub mod parameters;
pub mod policy;
pub mod port;
pub mod posture;
pub mod row_security;

pub use attached::Attached;
pub use circuit::{Admission, Circuit, CircuitRules, CircuitState};
pub use config::{Address, ConnectionConfig, Password, PoolLimits, Secret, Tls, TlsMode};
pub use database::Database;
pub use engine::{Addressing, EngineFacts, Identity};
pub use hosts::AllowedHosts;
pub use known::{ExportedParameters, KnownConfiguration, Mistake};
pub use name::ConnectionName;
pub use policy::{Access, Allowances, Policy};
pub use port::{ConnectionPool, Connector, FileRoots, PoolFigures, ServerInfo, TestReport};
pub use posture::{Finding, FindingKind, Posture};
pub use row_security::RowSecurity;
