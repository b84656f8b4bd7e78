//! Taking turns: one thread serves every call, and a large result must not keep it to itself.

use std::time::{Duration, Instant};

/// How long one result may have the thread at a stretch.
const LONGEST_TURN: Duration = Duration::from_millis(5);

/// The turn of one result. Rows that have already arrived would be read to the last without a pause.
pub(super) struct Turn {
    began: Instant,
}

impl Turn {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
        }
    }

    /// To be called between two rows: lets the others have the thread when the turn has lasted long enough.
    pub(super) async fn pause(&mut self) {
        if self.began.elapsed() >= LONGEST_TURN {
            tokio::task::yield_now().await;
            self.began = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn a_long_turn_makes_way_once_and_a_short_one_goes_on() {
        let mut turn = Turn::new();
        // However slowly this test runs, a turn that began just now has not lasted for an hour.
        turn.began += Duration::from_hours(1);
        assert!(poll!(pin!(turn.pause())).is_ready());

        turn.began = Instant::now();
        std::thread::sleep(LONGEST_TURN);
        {
            let mut pause = pin!(turn.pause());
            assert!(poll!(&mut pause).is_pending());
            assert!(poll!(&mut pause).is_ready());
        }

        assert!(turn.began.elapsed() < Duration::from_hours(1));
    }
}
