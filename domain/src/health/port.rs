//! The ports through which health is measured and shown.

use std::{fmt, time::Duration};

use super::{CertificateState, HealthReport, SharedState};

/// What the system tells of this process. What it does not tell is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProcessFigures {
    pub resident_bytes: Option<u64>,
    /// Processor time, of all threads.
    pub processor_time: Option<Duration>,
    pub open_files: Option<u64>,
}

/// Looks at this process.
pub trait ProcessMeter: fmt::Debug + Send + Sync {
    fn figures(&self) -> ProcessFigures;

    /// What it holds in memory; cheap enough to be asked before every large answer.
    fn resident_bytes(&self) -> Option<u64>;

    /// Where the system ends a process that holds more, such as in a container.
    fn memory_limit(&self) -> Option<u64>;
}

/// Knows the certificate that clients are shown.
pub trait CertificateSource: fmt::Debug + Send + Sync {
    /// As it is now.
    fn certificate(&self) -> CertificateState;
}

/// Knows whether the store answers that several processes share.
pub trait SharedSource: fmt::Debug + Send + Sync {
    /// As it was found last.
    fn state(&self) -> SharedState;
}

/// Knows how this server does.
pub trait HealthSource: fmt::Debug + Send + Sync {
    /// As it is now. Waits for nothing: connections are as their last tests found them.
    fn report(&self) -> HealthReport;

    /// Whether new work may be sent here: not while the server stops.
    fn is_ready(&self) -> bool;
}

/// Shows figures to whoever collects them.
pub trait Exposition: fmt::Debug + Send + Sync {
    /// What the text below is, for the header `Content-Type`.
    fn content_type(&self) -> &'static str;

    fn text(&self) -> String;
}
