//! A connection that fails again and again is left alone for a while.
//!
//! Times are counted from any fixed moment: nothing here reads a clock.

use std::time::Duration;

/// When a circuit opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitRules {
    /// Failures in a row to connect, or lost connections, that open it. 0: it never opens.
    pub failures: u32,
    /// How long nothing is tried then.
    pub rest: Duration,
}

impl Default for CircuitRules {
    fn default() -> Self {
        Self {
            failures: 5,
            rest: Duration::from_mins(1),
        }
    }
}

/// What a circuit lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CircuitState {
    /// Every call.
    #[default]
    Closed,
    /// One attempt, which is under way or may begin.
    HalfOpen,
    /// None.
    Open,
}

impl CircuitState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

/// Whether a call may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    Admitted,
    /// As the one attempt that finds out whether the database is back.
    AsProbe,
    /// At once, with the words of the last failure; the next attempt is so much later.
    Refused {
        cause: String,
        wait: Duration,
    },
}

/// The circuit of one connection. Closed until it fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circuit {
    rules: CircuitRules,
    in_a_row: u32,
    open: Option<Open>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Open {
    /// When the next attempt may begin.
    until: Duration,
    is_probing: bool,
    cause: String,
}

impl Circuit {
    pub const fn new(rules: CircuitRules) -> Self {
        Self {
            rules,
            in_a_row: 0,
            open: None,
        }
    }

    pub const fn failures_in_a_row(&self) -> u32 {
        self.in_a_row
    }

    /// The words of the failure that keeps it open.
    pub fn cause(&self) -> Option<&str> {
        self.open.as_ref().map(|open| open.cause.as_str())
    }

    pub fn state(&self, now: Duration) -> CircuitState {
        match &self.open {
            None => CircuitState::Closed,
            Some(open) if open.is_probing || open.until <= now => CircuitState::HalfOpen,
            Some(_) => CircuitState::Open,
        }
    }

    /// Whether a call may go on `now`. A probe must be followed by one of [`Circuit::succeeded`],
    /// [`Circuit::failed`] and [`Circuit::undecided`].
    pub fn admit(&mut self, now: Duration) -> Admission {
        let Some(open) = &mut self.open else {
            return Admission::Admitted;
        };
        if open.until <= now && !open.is_probing {
            open.is_probing = true;
            return Admission::AsProbe;
        }
        Admission::Refused {
            cause: open.cause.clone(),
            // A probe is over soon.
            wait: open.until.saturating_sub(now).max(Duration::from_secs(1)),
        }
    }

    /// The database answered.
    pub fn succeeded(&mut self) {
        self.in_a_row = 0;
        self.open = None;
    }

    /// It did not, `now`.
    pub fn failed(&mut self, now: Duration, cause: &str) {
        self.in_a_row = self.in_a_row.saturating_add(1);
        // What began before it opened says nothing new.
        let rests = self
            .open
            .as_ref()
            .is_some_and(|open| !open.is_probing && now < open.until);
        if self.rules.failures > 0 && self.in_a_row >= self.rules.failures && !rests {
            self.open = Some(Open {
                until: now + self.rules.rest,
                is_probing: false,
                cause: cause.to_owned(),
            });
        }
    }

    /// A probe ended before it was known whether the database answers: the next call is one.
    pub fn undecided(&mut self) {
        if let Some(open) = &mut self.open {
            open.is_probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn circuit() -> Circuit {
        Circuit::new(CircuitRules {
            failures: 3,
            rest: at(60),
        })
    }

    /// One that opened at the third second.
    fn open() -> Circuit {
        let mut circuit = circuit();
        for second in 1..=3 {
            assert_eq!(circuit.admit(at(second)), Admission::Admitted);
            circuit.failed(at(second), "gone");
        }
        circuit
    }

    fn refused(wait: u64) -> Admission {
        Admission::Refused {
            cause: "gone".to_owned(),
            wait: at(wait),
        }
    }

    #[test]
    fn it_opens_after_so_many_failures_in_a_row() {
        let mut circuit = circuit();
        for second in 1..10 {
            circuit.failed(at(second), "gone");
            circuit.failed(at(second), "gone");
            circuit.succeeded();
        }
        assert_eq!(circuit.state(at(10)), CircuitState::Closed);

        assert_eq!(open().state(at(3)), CircuitState::Open);
        assert_eq!(open().cause(), Some("gone"));
    }

    #[test]
    fn while_it_is_open_calls_are_refused_and_told_when_to_come_back() {
        let mut circuit = open();

        assert_eq!(circuit.admit(at(3)), refused(60));
        assert_eq!(circuit.admit(at(62)), refused(1));
    }

    #[test]
    fn after_its_rest_there_is_one_probe() {
        let mut circuit = open();

        assert_eq!(circuit.state(at(63)), CircuitState::HalfOpen);
        assert_eq!(circuit.admit(at(63)), Admission::AsProbe);
        assert_eq!(circuit.admit(at(63)), refused(1));
        assert_eq!(circuit.state(at(63)), CircuitState::HalfOpen);
    }

    #[test]
    fn a_probe_that_works_closes_it_and_one_that_fails_opens_it_anew() {
        let mut circuit = open();
        circuit.admit(at(63));
        circuit.failed(at(64), "gone");
        assert_eq!(circuit.admit(at(64)), refused(60));

        assert_eq!(circuit.admit(at(124)), Admission::AsProbe);
        circuit.succeeded();
        assert_eq!(circuit.admit(at(124)), Admission::Admitted);
        circuit.failed(at(125), "gone");
        assert_eq!(circuit.state(at(125)), CircuitState::Closed);
    }

    #[test]
    fn a_probe_that_ends_undecided_makes_room_for_another() {
        let mut circuit = open();
        circuit.admit(at(63));

        circuit.undecided();

        assert_eq!(circuit.admit(at(63)), Admission::AsProbe);
    }

    #[test]
    fn what_failed_meanwhile_does_not_lengthen_the_rest() {
        let mut circuit = open();

        circuit.failed(at(50), "late");

        assert_eq!(circuit.admit(at(50)), refused(13));
    }

    #[test]
    fn without_a_number_it_never_opens() {
        let mut circuit = Circuit::new(CircuitRules {
            failures: 0,
            rest: at(60),
        });
        for second in 0..100 {
            circuit.failed(at(second), "gone");
        }

        assert_eq!(circuit.admit(at(100)), Admission::Admitted);
    }
}
