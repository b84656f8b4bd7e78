//! A thread of a session's own, which has the connection while statements of callers are run on it.
//!
//! The driver hands over each row by itself, with all that a driver keeps of a row. Here rows are copied out many at a
//! time, and a statement that is known stays prepared. The driver's own thread rests meanwhile; it opens and closes.

use std::{
    num::NonZeroUsize,
    sync::mpsc::{self, Receiver, Sender},
    thread,
};

use domain::Failure;
use sqlx::{SqliteConnection, sqlite::LockedSqliteHandle};
use tokio::{runtime::Handle, sync::oneshot};

use super::{failure, handle::Kept};

/// Below `handle::guard_stack`'s limit there must be room.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// Something to be done with the connection.
type Work = Box<dyn FnOnce(&mut LockedSqliteHandle<'_>, &mut Kept) + Send>;

enum Request {
    /// The connection comes.
    Take(Box<SqliteConnection>),
    Do(Work),
    /// The connection goes, with nothing prepared on it.
    Release(oneshot::Sender<SqliteConnection>),
}

/// Dropped, the thread ends, and the connection with it.
pub(super) struct Lane(Sender<Request>);

impl Lane {
    /// `remembered` statements stay prepared.
    pub(super) fn start(remembered: NonZeroUsize) -> Result<Self, Failure> {
        let (sender, requests) = mpsc::channel();
        let runtime = Handle::current();
        thread::Builder::new()
            .name("sqlite".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || serve(&requests, &runtime, remembered))
            .map_err(|error| {
                Failure::internal("A thread for the database session cannot be started.")
                    .with_source(error)
            })?;
        Ok(Self(sender))
    }

    /// Gives it the connection.
    pub(super) fn give(&self, connection: SqliteConnection) -> Result<(), Failure> {
        self.0
            .send(Request::Take(Box::new(connection)))
            .map_err(|_| gone())
    }

    /// Has the connection back, once everything that was begun has ended.
    pub(super) async fn release(&self) -> Result<SqliteConnection, Failure> {
        let (sender, released) = oneshot::channel();
        self.0.send(Request::Release(sender)).map_err(|_| gone())?;
        released.await.map_err(|_| gone())
    }

    /// Begins some work. Nothing says when it is done but what it says itself.
    pub(super) fn begin(
        &self,
        work: impl FnOnce(&mut LockedSqliteHandle<'_>, &mut Kept) + Send + 'static,
    ) -> Result<(), Failure> {
        self.0.send(Request::Do(Box::new(work))).map_err(|_| gone())
    }

    /// Does some work.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut LockedSqliteHandle<'_>, &mut Kept) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (sender, done) = oneshot::channel();
        self.begin(move |handle, kept| {
            sender.send(work(handle, kept)).ok();
        })?;
        done.await.map_err(|_| gone())
    }
}

fn gone() -> Failure {
    Failure::internal("The database session ended unexpectedly.")
        .with_hint("Try again, and report this if it happens again.")
}

fn serve(requests: &Receiver<Request>, runtime: &Handle, remembered: NonZeroUsize) {
    while let Ok(request) = requests.recv() {
        // Without a connection nothing can be done; whoever waits for it is told by what is dropped.
        if let Request::Take(connection) = request {
            let mut connection = *connection;
            let Some(to) = work(&mut connection, requests, runtime, remembered) else {
                return;
            };
            to.send(connection).ok();
        }
    }
}

/// Works until somebody wants the connection; `None` if nobody ever will.
fn work(
    connection: &mut SqliteConnection,
    requests: &Receiver<Request>,
    runtime: &Handle,
    remembered: NonZeroUsize,
) -> Option<oneshot::Sender<SqliteConnection>> {
    let mut handle = match runtime.block_on(connection.lock_handle()) {
        Ok(handle) => handle,
        Err(error) => {
            tracing::warn!(error = %failure::of_driver(error), "a database session is of no use any more");
            return None;
        }
    };
    // Gone before the handle is, and the driver with it: the driver panics over statements that are left.
    let mut kept = Kept::new(remembered);
    while let Ok(request) = requests.recv() {
        match request {
            Request::Do(work) => work(&mut handle, &mut kept),
            Request::Release(to) => return Some(to),
            Request::Take(_) => {}
        }
    }
    None
}
