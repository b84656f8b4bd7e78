//! Lines that wait to be written together, and how those who wait for them are told.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::oneshot;

/// A line to be written.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) body: String,
    /// It is kept until it can be written: its call has done something.
    pub(super) has_run: bool,
    /// Who waits for it to be written, and is told nothing if it is not.
    pub(super) waiting: Option<oneshot::Sender<Written>>,
}

/// Lines have been written. Whoever is told first tells the others: between tasks of one thread that is next to nothing,
/// and from another thread a system call for each.
#[derive(Debug, Default)]
pub(super) struct Written(Vec<oneshot::Sender<Self>>);

impl Written {
    pub(super) fn tell(mut waiting: Vec<oneshot::Sender<Self>>) {
        while let Some(first) = waiting.pop() {
            let Err(mut untold) = first.send(Self(waiting)) else {
                return;
            };
            // Nobody waits where a call has been given up.
            waiting = std::mem::take(&mut untold.0);
        }
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        for waiting in self.0.drain(..) {
            let _ = waiting.send(Self::default());
        }
    }
}

/// What the thread that writes is to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Write,
    /// For the last time.
    End,
}

#[derive(Debug, Default)]
struct State {
    entries: Vec<Entry>,
    /// Somebody is about to have them written.
    is_gathering: bool,
    /// They are to be written by the thread.
    is_due: bool,
    is_over: bool,
}

impl State {
    fn take(&mut self) -> Vec<Entry> {
        self.is_gathering = false;
        self.is_due = false;
        std::mem::take(&mut self.entries)
    }
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    /// Takes a line, unless it is over; whether it is the first of those that are written together, so that its sender
    /// has to see to that.
    pub(super) fn push(&self, entry: Entry) -> Option<bool> {
        let mut state = self.state();
        if state.is_over {
            return None;
        }
        state.entries.push(entry);
        Some(!std::mem::replace(&mut state.is_gathering, true))
    }

    pub(super) fn take(&self) -> Vec<Entry> {
        self.state().take()
    }

    /// Has the thread write.
    pub(super) fn is_due(&self) {
        if !std::mem::replace(&mut self.state().is_due, true) {
            self.changed.notify_one();
        }
    }

    /// Takes nothing any more, and lets the thread end.
    pub(super) fn end(&self) {
        self.state().is_over = true;
        self.changed.notify_one();
    }

    /// Waits until there is something to do, or for this time to come.
    pub(super) fn wait(&self, until: Option<Instant>) -> Next {
        let mut state = self.state();
        while !state.is_due && !state.is_over {
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => break,
                Some(left) => {
                    self.changed
                        .wait_timeout(state, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
        if state.is_over {
            Next::End
        } else {
            Next::Write
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(waiting: Option<oneshot::Sender<Written>>) -> Entry {
        Entry {
            body: "{}".to_owned(),
            has_run: true,
            waiting,
        }
    }

    #[test]
    fn whoever_is_told_first_tells_the_others() {
        let (senders, mut receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel()).unzip();
        Written::tell(senders);
        let told = |receivers: &mut [oneshot::Receiver<Written>]| {
            receivers
                .iter_mut()
                .filter_map(|receiver| receiver.try_recv().ok())
                .collect::<Vec<_>>()
        };

        let first = told(&mut receivers);
        assert_eq!(first.len(), 1);

        drop(first);
        assert_eq!(told(&mut receivers).len(), 2);
    }

    #[test]
    fn one_that_has_been_given_up_keeps_nobody_from_being_told() {
        for given_up in 0..3 {
            let (senders, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel()).unzip();
            let mut receivers: Vec<_> = receivers.into_iter().map(Some).collect();
            receivers[given_up] = None;
            Written::tell(senders);
            // Another one goes without having looked.
            receivers[(given_up + 1) % 3] = None;

            let mut left = receivers[(given_up + 2) % 3].take().unwrap();

            assert!(left.try_recv().is_ok(), "{given_up}");
        }
    }

    #[test]
    fn the_first_of_those_that_come_together_is_told_that_it_is() {
        let queue = Queue::default();
        assert_eq!(queue.push(entry(None)), Some(true));
        assert_eq!(queue.push(entry(None)), Some(false));

        assert_eq!(queue.take().len(), 2);

        assert_eq!(queue.push(entry(None)), Some(true));
    }

    #[test]
    fn what_is_in_it_at_its_end_is_taken_and_nothing_more() {
        let queue = Queue::default();
        queue.push(entry(None));
        queue.end();

        assert_eq!(queue.push(entry(None)), None);
        assert_eq!(queue.wait(None), Next::End);
        assert_eq!(queue.take().len(), 1);
    }
}
