//! The head of a file's chain, beside it: where the chain begins and ends.
//!
//! Without it nobody could tell that lines at an end were cut off. It is written after the lines, so it may be behind
//! them and is never ahead. Holding it open and locked is also what keeps a second process away.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::chain::{Link, Sealing, Unread};

/// Beginning and end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    /// The number of the first line that is kept.
    pub(super) first: u64,
    pub(super) last: Link,
}

/// Why a head cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("another process writes it")]
    InUse,
    #[error("its head was written with another key, or was changed")]
    Changed,
    #[error("it was written with a key")]
    NeedsKey,
    #[error("it was written without a key")]
    HasNoKey,
}

/// Where the head of a file is.
pub(super) fn path_of(audit: &Path) -> PathBuf {
    let mut name = audit.as_os_str().to_owned();
    name.push(".head");
    name.into()
}

/// The file, held by this process.
#[derive(Debug)]
pub(super) struct Head(File);

impl Head {
    pub(super) fn open(audit: &Path) -> Result<Self, Unusable> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        super::rotated_file::for_us_alone(&mut options);
        let file = options.open(path_of(audit))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Unusable::InUse),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Nothing, if nothing was ever written.
    pub(super) fn read(&mut self, sealing: &Sealing) -> Result<Option<Ends>, Unusable> {
        let mut text = String::new();
        self.0.seek(SeekFrom::Start(0))?;
        self.0.read_to_string(&mut text)?;
        ends(&text, sealing)
    }

    /// One text never gets shorter, so it replaces the one before as a whole.
    pub(super) fn write(&mut self, ends: Ends, sealing: &Sealing) -> io::Result<()> {
        let body = format!("{{\"first\":{}}}", ends.first);
        let (mut line, _) = sealing.seal(ends.last.number, &body, ends.last.hash);
        line.push('\n');
        self.overwrite(line.as_bytes())
    }

    #[cfg(unix)]
    fn overwrite(&self, text: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.0, text, 0)
    }

    #[cfg(not(unix))]
    fn overwrite(&mut self, text: &[u8]) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(0))?;
        io::Write::write_all(&mut self.0, text)
    }
}

/// The head beside a file, if there is one, without holding it.
pub(super) fn beside(audit: &Path, sealing: &Sealing) -> Result<Option<Ends>, Unusable> {
    match std::fs::read_to_string(path_of(audit)) {
        Ok(text) => ends(&text, sealing),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn ends(text: &str, sealing: &Sealing) -> Result<Option<Ends>, Unusable> {
    #[derive(Deserialize)]
    struct Body {
        first: u64,
    }
    if text.is_empty() {
        return Ok(None);
    }
    let line = text.strip_suffix('\n').ok_or(Unusable::Changed)?;
    let read = sealing.read(line).map_err(|unread| match unread {
        Unread::NotALine => Unusable::Changed,
        Unread::NeedsKey => Unusable::NeedsKey,
        Unread::HasNoKey => Unusable::HasNoKey,
    })?;
    let body: Body = serde_json::from_str(line).map_err(|_| Unusable::Changed)?;
    if !read.is_unchanged {
        return Err(Unusable::Changed);
    }
    Ok(Some(Ends {
        first: body.first,
        last: Link {
            number: read.link.number,
            hash: read.previous,
        },
    }))
}
