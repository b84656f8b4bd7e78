//! What is told of this server's health.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::connection::{CircuitState, PoolFigures};

/// The worse of two is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Healthy,
    /// It works, and somebody should look.
    Degraded,
    Unhealthy,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// One of the things that are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// `connections`, `memory`, `errors`, `responses`, `certificate` where clients are shown one, or `shared_store` where there is one.
    pub name: &'static str,
    pub status: Status,
    /// Why it is not healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Component {
    /// The names of those that are always told, in their order.
    pub const NAMES: [&'static str; 4] = ["connections", "memory", "errors", "responses"];
}

/// All of it, and what it was judged from.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthReport {
    /// The worst of its components.
    pub status: Status,
    pub components: Vec<Component>,
    pub measured: Measured,
}

/// What health is judged from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// By name.
    pub connections: Vec<ConnectionState>,
    pub memory: MemoryState,
    /// Of all calls that ended lately.
    pub calls: CallMeasures,
    /// The same by method and tool.
    pub methods: Vec<MethodMeasures>,
    pub certificate: Option<CertificateState>,
    pub shared: Option<SharedState>,
}

/// The store in which several processes count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedState {
    Reachable,
    /// For so long; each process counts by itself meanwhile.
    Unreachable {
        seconds: u64,
    },
}

/// The certificate that clients are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateState {
    pub ends: SystemTime,
    /// Until then; nothing once it has ended.
    pub left: Duration,
}

/// Whether somebody has to see to a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    Good,
    /// In [`CertificateState::SOON`] or less.
    EndsSoon,
    Ended,
}

impl CertificateState {
    /// Who renews certificates by hand needs a working day or two; who has them renewed, weeks before that.
    pub const SOON: Duration = Duration::from_hours(14 * 24);

    /// As it is `now`.
    pub fn at(now: SystemTime, ends: SystemTime) -> Self {
        let left = ends.duration_since(now).unwrap_or_default();
        Self { ends, left }
    }

    pub fn validity(&self) -> Validity {
        if self.left.is_zero() {
            Validity::Ended
        } else if self.left <= Self::SOON {
            Validity::EndsSoon
        } else {
            Validity::Good
        }
    }
}

/// A method, the tool where it calls one, and its calls.
pub type MethodMeasures = (&'static str, Option<&'static str>, CallMeasures);

/// A connection that is open, or could not be opened again and again.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionState {
    pub name: String,
    /// The name of its engine.
    pub engine: &'static str,
    /// What its last test came to: how long the round trip took, or the words of the failure. `None` before the
    /// first one.
    pub test: Option<Result<Duration, String>>,
    pub pool: PoolFigures,
    pub circuit: CircuitState,
    /// The operator's, and not a caller's own.
    pub is_shared: bool,
}

/// What this process holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemoryState {
    /// Unknown where the system does not tell.
    pub resident_bytes: Option<u64>,
    pub limit_bytes: Option<u64>,
}

impl MemoryState {
    /// How much of the limit is taken: 1 is all of it.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share; memory has less than 2^53 bytes"
    )]
    pub fn share(&self) -> Option<f64> {
        let limit = self.limit_bytes.filter(|limit| *limit > 0)?;
        Some(self.resident_bytes? as f64 / limit as f64)
    }
}

/// Calls of the last minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CallMeasures {
    pub calls: u64,
    /// Those that failed for a reason that is not the caller's.
    pub errors: u64,
    /// Half of them, and 95 of 100, took no longer; of those that were not waiting for their turn only the work counts.
    pub median: Duration,
    pub p95: Duration,
}

impl CallMeasures {
    /// From 0 to 1.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share; nobody makes 2^53 calls in minutes"
    )]
    pub fn error_share(&self) -> f64 {
        if self.calls == 0 {
            0.0
        } else {
            self.errors as f64 / self.calls as f64
        }
    }
}
