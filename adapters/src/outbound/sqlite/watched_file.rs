//! Whether a database file may have changed since it was last looked at, told from outside for the price of two
//! `stat` calls.
//!
//! The driver keeps the columns of a statement as they were when it was prepared, and its thread does not survive a
//! table that has grown since. Asking `SQLite` before each statement would double the way to its thread; the clock of
//! the file system does not.

use std::{
    fs::{self, Metadata},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// Two changes closer together than this may carry the same time on some file systems.
const CLOCK_STEP: Duration = Duration::from_secs(2);

/// From good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// Nobody wrote to it.
    None,
    /// It may have been written to.
    Written,
    /// It is gone, or another file has its name.
    Replaced,
}

#[derive(Debug)]
pub(super) struct WatchedFile {
    path: PathBuf,
    /// The write-ahead log beside it.
    log: PathBuf,
    identity: Option<Identity>,
    /// As last seen; `None` while it was too young to tell the next change from the last.
    seen: Option<Stamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    file: (u64, SystemTime),
    log: Option<(u64, SystemTime)>,
}

/// What tells the file at a path from another one of the same name.
pub(super) fn identity_of(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().as_ref().and_then(identity)
}

impl WatchedFile {
    /// Begins to watch a file that has just been opened.
    pub(super) fn new(path: &Path) -> Self {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Self {
            path: path.to_owned(),
            log: log.into(),
            identity: identity_of(path),
            seen: None,
        }
    }

    /// What happened since the last look.
    pub(super) fn look(&mut self) -> Change {
        let Some((now, identity)) = self.stamp() else {
            return Change::Replaced;
        };
        if identity != self.identity {
            return Change::Replaced;
        }
        if self.seen == Some(now) {
            return Change::None;
        }
        self.seen = now.has_settled().then_some(now);
        Change::Written
    }

    /// `None` if the file is gone.
    fn stamp(&self) -> Option<(Stamp, Option<Identity>)> {
        let file = fs::metadata(&self.path).ok()?;
        let stamp = Stamp {
            file: (file.len(), file.modified().ok()?),
            log: fs::metadata(&self.log)
                .ok()
                .and_then(|log| Some((log.len(), log.modified().ok()?))),
        };
        Some((stamp, identity(&file)))
    }
}

impl Stamp {
    fn has_settled(&self) -> bool {
        let youngest = self
            .log
            .map_or(self.file.1, |(_, modified)| modified.max(self.file.1));
        SystemTime::now()
            .duration_since(youngest)
            .is_ok_and(|age| age > CLOCK_STEP)
    }
}

#[cfg(unix)]
pub(super) type Identity = (u64, u64);

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "other systems have no such numbers to give"
)]
fn identity(file: &Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;

    Some((file.dev(), file.ino()))
}

/// Elsewhere an open database file cannot be replaced under its name.
#[cfg(not(unix))]
pub(super) type Identity = ();

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<Identity> {
    None
}
