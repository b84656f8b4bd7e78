//! Whether somebody wants the benchmark to end before it is done: what it has made is dropped then, too.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
};

use crate::Fallible;

#[derive(Debug, Default)]
pub(crate) struct Interruption(Arc<AtomicBool>);

impl Interruption {
    /// An error once somebody has interrupted.
    pub(crate) fn fails(&self) -> Fallible<()> {
        if self.0.load(Ordering::Relaxed) {
            return Err("interrupted".into());
        }
        Ok(())
    }
}

/// From now on, signals that would end the process are only noted: those who wait for something long look here.
pub(crate) fn watch() -> Fallible<Interruption> {
    let interruption = Interruption::default();
    let noted = Arc::clone(&interruption.0);
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut interrupt, mut terminate) = {
        let _entered = runtime.enter();
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        )
    };
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            noted.store(true, Ordering::Relaxed);
        });
    });
    Ok(interruption)
}
