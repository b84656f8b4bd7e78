//! How well this server does, judged from what was measured, and the ports through which it is measured and shown.

mod judge;
mod port;
mod report;

pub use self::{
    judge::{Thresholds, counts_against_health},
    port::{
        CertificateSource, Exposition, HealthSource, ProcessFigures, ProcessMeter, SharedSource,
    },
    report::{
        CallMeasures, CertificateState, Component, ConnectionState, HealthReport, Measured,
        MemoryState, MethodMeasures, SharedState, Status, Validity,
    },
};
