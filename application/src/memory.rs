//! Large answers are refused before the process holds more than it may.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{Failure, FailureKind, health::ProcessMeter};

/// Answers up to this are always made: they cost little, and somebody has to find out what is wrong.
const ALWAYS_BYTES: usize = 64 * 1024;
/// An answer is held once as it is made and once as it goes out.
const COPIES: u64 = 2;
/// What stays free of the limit, in percent: for everything else that comes and goes.
const SPARE_PERCENT: u64 = 10;

/// Knows how much this process may hold, and what was promised of it.
pub struct MemoryGuard {
    meter: Arc<dyn ProcessMeter>,
    limit: u64,
    promised: AtomicU64,
}

/// Memory that is promised to an answer, for as long as this.
#[derive(Debug)]
pub struct Promise<'guard> {
    guard: &'guard MemoryGuard,
    bytes: u64,
}

impl MemoryGuard {
    /// `limit` in bytes.
    pub fn new(meter: Arc<dyn ProcessMeter>, limit: u64) -> Self {
        Self {
            meter,
            limit,
            promised: AtomicU64::new(0),
        }
    }

    /// Room for an answer of up to so many bytes, or `Busy`.
    pub fn promise(&self, bytes: usize) -> Result<Option<Promise<'_>>, Failure> {
        if bytes <= ALWAYS_BYTES {
            return Ok(None);
        }
        let Some(held) = self.meter.resident_bytes() else {
            return Ok(None);
        };
        let wanted = COPIES * bytes as u64;
        let promise = Promise {
            guard: self,
            bytes: wanted,
        };
        let promised = self.promised.fetch_add(wanted, Ordering::Relaxed);
        let most = self.limit / 100 * (100 - SPARE_PERCENT);
        if held + promised + wanted > most {
            return Err(Failure::new(
                FailureKind::Busy,
                format!("This server is short of memory: it has no room for an answer of up to {bytes} bytes."),
            )
            .with_hint(format!(
                "Ask for less: with `maxBytes` up to {ALWAYS_BYTES} a call is always run. Or try again later."
            ))
            // How short it is of memory, the health tells by itself.
            .of_own_limit());
        }
        Ok(Some(promise))
    }
}

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        self.guard.promised.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl fmt::Debug for MemoryGuard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemoryGuard")
            .field("limit", &self.limit)
            .field("promised", &self.promised)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use domain::health::{ProcessFigures, counts_against_health};

    use super::*;

    /// Holds so many bytes.
    #[derive(Debug)]
    struct Holding(Option<u64>);

    impl ProcessMeter for Holding {
        fn figures(&self) -> ProcessFigures {
            ProcessFigures::default()
        }

        fn resident_bytes(&self) -> Option<u64> {
            self.0
        }

        fn memory_limit(&self) -> Option<u64> {
            None
        }
    }

    const MEGABYTE: usize = 1_000_000;

    fn guard(held: Option<u64>) -> MemoryGuard {
        MemoryGuard::new(Arc::new(Holding(held)), 100 * MEGABYTE as u64)
    }

    #[test]
    fn a_large_answer_is_refused_where_it_would_not_fit() {
        for (held, bytes, fits) in [
            (0, 45 * MEGABYTE, true),
            (0, 46 * MEGABYTE, false),
            (80, 5 * MEGABYTE, true),
            (80, 6 * MEGABYTE, false),
            (200, 64 * 1024, true),
            (200, 64 * 1024 + 1, false),
        ] {
            let guard = guard(Some(held * MEGABYTE as u64));
            let told = guard
                .promise(bytes)
                .map(|_| ())
                .map_err(|failure| failure.kind);
            let expected = if fits { Ok(()) } else { Err(FailureKind::Busy) };
            assert_eq!(told, expected, "{held} {bytes}");
        }
    }

    #[test]
    fn who_asks_for_more_than_there_is_makes_nobody_unhealthy() {
        let refused = guard(Some(0)).promise(64 * MEGABYTE).err().unwrap();

        assert!(!counts_against_health(&refused));
    }

    #[test]
    fn what_is_promised_counts_until_it_is_given_back() {
        let guard = guard(Some(0));
        let first = guard.promise(30 * MEGABYTE).unwrap();
        assert!(guard.promise(30 * MEGABYTE).is_err());

        drop(first);

        assert!(guard.promise(30 * MEGABYTE).is_ok());
    }

    #[test]
    fn where_nobody_knows_what_is_held_nothing_is_refused() {
        assert!(guard(None).promise(1_000 * MEGABYTE).is_ok());
    }
}
