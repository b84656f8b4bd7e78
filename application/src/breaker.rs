//! The circuit of one connection, by the clock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{
    Failure, FailureKind,
    connection::{Admission, Circuit, CircuitRules, CircuitState, ConnectionName},
};
use tokio::time::Instant;

/// Keeps calls from a database that fails again and again.
#[derive(Debug)]
pub struct Breaker {
    circuit: Mutex<Circuit>,
    started: Instant,
}

/// A call that was let through, until this is dropped.
#[derive(Debug)]
pub(crate) struct Pass<'breaker> {
    breaker: &'breaker Breaker,
    is_probe: bool,
}

impl Breaker {
    pub(crate) fn new(rules: CircuitRules) -> Self {
        Self {
            circuit: Mutex::new(Circuit::new(rules)),
            started: Instant::now(),
        }
    }

    pub fn state(&self) -> CircuitState {
        self.lock().state(self.started.elapsed())
    }

    /// Why it is not closed, in the words of the last failure.
    pub fn cause(&self) -> Option<String> {
        self.lock().cause().map(str::to_owned)
    }

    /// Lets a call through, or fails at once with the cause and the time of the next attempt.
    pub(crate) fn admit(&self, name: &ConnectionName) -> Result<Pass<'_>, Failure> {
        let (admission, failures) = {
            let mut circuit = self.lock();
            let admission = circuit.admit(self.started.elapsed());
            (admission, circuit.failures_in_a_row())
        };
        let is_probe = match admission {
            Admission::Admitted => false,
            Admission::AsProbe => true,
            Admission::Refused { cause, wait } => {
                let seconds = wait.as_secs().max(1);
                let next = std::time::SystemTime::now() + wait;
                return Err(Failure::new(
                    FailureKind::Unavailable,
                    format!(
                        "The connection `{name}` failed {failures} times in a row and is left alone for now. The last \
                         failure: {cause}"
                    ),
                )
                .with_hint(format!(
                    "The next attempt may be made in {seconds} s, at {}. test_connection makes one now.",
                    humantime::format_rfc3339_seconds(next)
                )));
            }
        };
        Ok(Pass {
            breaker: self,
            is_probe,
        })
    }

    /// Learns from what came of a call. What never reached the database teaches nothing.
    pub(crate) fn learn<T>(&self, outcome: &Result<T, Failure>) {
        match outcome {
            Ok(_) => self.lock().succeeded(),
            // It may be made any moment, and asking costs next to nothing.
            Err(failure) if failure.is_about_a_database() => self.lock().succeeded(),
            Err(failure) => match failure.kind {
                FailureKind::Unavailable => {
                    self.lock().failed(self.started.elapsed(), &failure.message);
                }
                FailureKind::InvalidSql => self.lock().succeeded(),
                _ => {}
            },
        }
    }

    fn lock(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// Whether it has to find out if the database is back.
    pub(crate) fn is_probe(&self) -> bool {
        self.is_probe
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        // Once it is decided this changes nothing.
        if self.is_probe {
            self.breaker.lock().undecided();
        }
    }
}
