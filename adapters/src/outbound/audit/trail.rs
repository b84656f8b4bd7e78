//! The audit as the server knows it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::Ordering,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    Failure, FailureKind,
    calls::{AuditTrail, CallRecord, RefusedSignIns},
};
use tokio::sync::oneshot;

use super::{
    chain::{ChainKey, Link, Sealing},
    line::{self, Statements},
    lines::{Lines, Output},
    queue::{Entry, Next, Written},
    rotated_file::{RotatedFile, Rotation},
    stream::Stream,
    writer::{MAX_WAITING, Shared, Writer},
};

/// A line that takes longer to be written is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the end of the process waits for the last lines.
const END_MAY_TAKE: Duration = Duration::from_secs(1);

/// Where the audit goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditTarget {
    /// Rotates, and goes on in the next process.
    File(PathBuf),
    /// That this process was started with.
    Descriptor(u32),
}

/// What the operator decides about the audit.
#[derive(Debug, Clone)]
pub struct AuditOptions {
    pub target: AuditTarget,
    /// A file that would get longer is put aside; never, if there is none.
    pub max_bytes: Option<u64>,
    /// Files put aside that are kept, at least one.
    pub keep: u32,
    pub statements: Statements,
    pub key: Option<ChainKey>,
    /// A call waits until its line has reached the disk.
    pub sync: bool,
    /// Calls go on without a record where none can be written.
    pub goes_on_when_full: bool,
}

/// Records calls.
#[derive(Debug)]
pub struct Audit {
    shared: Arc<Shared>,
    statements: Statements,
    goes_on_when_full: bool,
    ended: Mutex<Option<Receiver<()>>>,
}

impl Audit {
    /// Opens what is written to. Fails with an explanation for the operator.
    pub fn start(options: &AuditOptions) -> Result<Arc<Self>, Failure> {
        let sealing = Sealing::new(options.key.as_ref());
        let rotation = Rotation {
            max_bytes: options.max_bytes,
            keep: options.keep.max(1),
            sync: options.sync,
        };
        let (output, last) = output(&options.target, rotation, &sealing)?;
        let lines = Lines::new(sealing, last, output);
        let shared = Arc::new(Shared::default());
        let writer = Writer::new(lines, Arc::clone(&shared), !options.goes_on_when_full);
        let (end, ended) = channel();
        let queue = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || {
                write(&queue, writer);
                drop(end);
            })
            .map_err(|error| {
                Failure::internal("No thread for the audit can be started.").with_source(error)
            })?;
        Ok(Arc::new(Self {
            shared,
            statements: options.statements,
            goes_on_when_full: options.goes_on_when_full,
            ended: Mutex::new(Some(ended)),
        }))
    }

    /// Whether lines can be written, as far as is known.
    pub fn is_open(&self) -> bool {
        !self.shared.is_closed.load(Ordering::Relaxed)
    }

    /// Writes what still waits, for a second at most. Blocks.
    pub fn close(&self) {
        self.shared.queue.end();
        if let Some(ended) = lock(&self.ended).take() {
            // Nothing is ever sent: it ends when the thread does.
            let _ = ended.recv_timeout(END_MAY_TAKE);
        }
    }

    /// Puts the line of a call into the queue; it is counted as lost where that is not possible. Whether it is the first
    /// of those that are written together.
    fn send(
        &self,
        call: &CallRecord<'_>,
        waiting: Option<oneshot::Sender<Written>>,
        is_withheld: bool,
    ) -> Option<bool> {
        let has_run = call.database.is_some();
        let sent = (has_run || self.is_open())
            .then(|| {
                self.push(|| {
                    let body = line::of_call(call, self.statements);
                    Entry {
                        body: if is_withheld {
                            line::withheld(&body)
                        } else {
                            body
                        },
                        has_run,
                        waiting,
                    }
                })
            })
            .flatten();
        if sent.is_none() {
            self.shared.lose(1);
        }
        sent
    }

    /// Puts a line into the queue, if there is room for it.
    fn push(&self, entry: impl FnOnce() -> Entry) -> Option<bool> {
        let has_room = self.shared.waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING;
        let sent = if has_room {
            self.shared.queue.push(entry())
        } else {
            None
        };
        if sent.is_none() {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        sent
    }

    /// Has the lines in the queue written, once everything else that can be done now has been done: other calls that have ended
    /// meanwhile are written with them.
    async fn write_together(&self) {
        let _due = Due(self);
        tokio::task::yield_now().await;
    }

    /// What comes of a call that is not recorded.
    fn unrecorded(&self) -> Result<(), Failure> {
        if self.goes_on_when_full {
            return Ok(());
        }
        Err(Failure::new(
            FailureKind::Unavailable,
            "Calls are not answered now, because they cannot be recorded.",
        )
        .with_hint("Try again later. Whoever runs this server finds the cause in its log."))
    }
}

#[async_trait]
impl AuditTrail for Audit {
    fn ready(&self) -> Result<(), Failure> {
        if self.is_open() {
            Ok(())
        } else {
            self.unrecorded()
        }
    }

    async fn record(&self, call: &CallRecord<'_>) -> Result<(), Failure> {
        if !self.is_open() {
            self.send(call, None, !self.goes_on_when_full);
            self.shared.queue.is_due();
            return self.unrecorded();
        }
        let (waiting, written) = oneshot::channel();
        match self.send(call, Some(waiting), false) {
            None => return self.unrecorded(),
            Some(true) => self.write_together().await,
            Some(false) => {}
        }
        match tokio::time::timeout(PATIENCE, written).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => self.unrecorded(),
            Err(_) => {
                if !self.shared.is_closed.swap(true, Ordering::Relaxed) {
                    tracing::error!("the audit cannot be written: it takes too long");
                }
                self.unrecorded()
            }
        }
    }

    fn abandoned(&self, call: &CallRecord<'_>) {
        self.send(call, None, false);
        self.shared.queue.is_due();
    }

    fn refused(&self, sign_ins: &RefusedSignIns<'_>) {
        let is_kept = self.push(|| Entry {
            body: line::of_refused(sign_ins),
            // What happened has happened: it is written once that can be done.
            has_run: true,
            waiting: None,
        });
        self.shared.queue.is_due();
        if is_kept.is_none() {
            tracing::error!(
                times = sign_ins.times,
                "the audit has no room for those who were not let in"
            );
        }
    }
}

/// Lines that are to be written, whether or not their sender is still there by then.
struct Due<'audit>(&'audit Audit);

impl Drop for Due<'_> {
    fn drop(&mut self) {
        self.0.shared.queue.is_due();
    }
}

/// Writes what is due until there is nothing more to come.
fn write(shared: &Shared, mut writer: Writer) {
    loop {
        let next = shared.queue.wait(writer.retry_at());
        writer.write(&next);
        if next == Next::End {
            return;
        }
    }
}

/// Where lines go, and after which one.
fn output(
    target: &AuditTarget,
    rotation: Rotation,
    sealing: &Sealing,
) -> Result<(Box<dyn Output>, Link), Failure> {
    let unopened = |error: &dyn std::fmt::Display| {
        Failure::new(
            FailureKind::Unavailable,
            format!("The audit (MCP_AUDIT_FILE) cannot be opened: {error}."),
        )
        .with_hint(
            "Each process needs a file of its own, which it can write, and the key it was begun with.",
        )
    };
    let stream = |path: &Path| {
        let stream = Stream::open(path).map_err(|error| unopened(&error))?;
        Ok((Box::new(stream) as Box<dyn Output>, Link::START))
    };
    match target {
        AuditTarget::Descriptor(number) => stream(&Path::new("/dev/fd").join(number.to_string())),
        AuditTarget::File(path) => match kind(path).map_err(|error| unopened(&error))? {
            Kind::File => {
                let (file, last) =
                    RotatedFile::open(path, rotation, sealing).map_err(|error| unopened(&error))?;
                Ok((Box::new(file), last))
            }
            Kind::Device => stream(path),
            Kind::Other => Err(unopened(&"it is neither a file nor a device")),
        },
    }
}

enum Kind {
    File,
    Device,
    Other,
}

/// What is at a path, or will be.
fn kind(path: &Path) -> io::Result<Kind> {
    let metadata = match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kind::File),
        metadata => metadata?,
    };
    #[cfg(unix)]
    if std::os::unix::fs::FileTypeExt::is_char_device(&metadata.file_type()) {
        return Ok(Kind::Device);
    }
    Ok(if metadata.is_file() {
        Kind::File
    } else {
        Kind::Other
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
