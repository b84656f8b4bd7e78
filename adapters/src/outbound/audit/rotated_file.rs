//! Lines to a file, which is put aside once it is full and of which some older ones are kept.
//!
//! The chain goes on in the next file and in the next process.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{
    chain::{Link, Sealing},
    head::{Ends, Head, Unusable},
    lines::Output,
};

/// More files are never put aside.
const MOST_KEPT: u32 = 1_000;

/// How much of a file's end is looked at first for its last line.
const TAIL_BYTES: u64 = 64 * 1024;

/// When a file is full, and what happens then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rotation {
    pub(super) max_bytes: Option<u64>,
    /// Older files that are kept.
    pub(super) keep: u32,
    /// Whether what was written must have reached the disk.
    pub(super) sync: bool,
}

/// The file that is written, and its head.
#[derive(Debug)]
pub(super) struct RotatedFile {
    path: PathBuf,
    file: File,
    identity: Identity,
    length: u64,
    /// What could not be cut off again of a write that failed.
    is_torn: bool,
    rotation: Rotation,
    head: Head,
    first: u64,
    sealing: Sealing,
}

/// The audit was found in a state in which nothing can be added to it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unopened {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Head(#[from] Unusable),
    #[error("it holds something else than an audit, or was written with another key")]
    SomethingElse,
}

/// The file itself, where the path is a link to it: what lies beside it, its head with the lock above all, must be the
/// same by every name.
pub(super) fn itself(path: &Path) -> PathBuf {
    let leads_to = fs::read_link(path).map(|to| match path.parent() {
        Some(folder) => folder.join(to),
        None => to,
    });
    match leads_to {
        Ok(to) => fs::canonicalize(path).unwrap_or(to),
        Err(_) => path.to_owned(),
    }
}

impl RotatedFile {
    /// Opens or makes the file; where its chain ends.
    pub(super) fn open(
        path: &Path,
        rotation: Rotation,
        sealing: &Sealing,
    ) -> Result<(Self, Link), Unopened> {
        let path = &itself(path);
        let mut head = Head::open(path)?;
        let known = head.read(sealing)?;
        let mut file = open(path)?;
        let identity = Identity::of(&file.metadata()?);
        let length = without_torn_line(&mut file)?;
        let found = last_line(&mut file, length)?.and_then(|line| link(&line, sealing));
        let last = match (known, found) {
            (None, None) if length == 0 => Link::START,
            (None, None) => return Err(Unopened::SomethingElse),
            (None, Some(found)) => {
                tracing::warn!("the audit goes on without the head that was beside it");
                found
            }
            (Some(known), Some(found)) if found.number > known.last.number => found,
            (Some(known), found) => {
                let is_end = found == Some(known.last)
                    || (length == 0 && ends_with(&aside(path, 1), known.last, sealing));
                if !is_end {
                    tracing::error!(
                        line = known.last.number,
                        "the audit does not end with the line that was its last: look at it with `portolan audit verify`"
                    );
                }
                known.last
            }
        };
        let first = match known {
            Some(known) => known.first,
            None => first_kept(path, rotation.keep).unwrap_or(1),
        };
        Ok((
            Self {
                path: path.to_owned(),
                file,
                identity,
                length,
                is_torn: false,
                rotation,
                head,
                first,
                sealing: sealing.clone(),
            },
            last,
        ))
    }

    /// Goes to a new file, if somebody has moved this one away.
    fn follow(&mut self) -> io::Result<()> {
        let there = match fs::metadata(&self.path) {
            Ok(there) => Some(there).filter(|there| Identity::of(there) == self.identity),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        self.length = match there {
            Some(there) if cfg!(unix) => there.len(),
            // A path may tell an older length of a file that is open.
            Some(_) => self.file.metadata()?.len(),
            None => self.begin_anew()?,
        };
        Ok(())
    }

    /// Opens what is at the path now; its length.
    fn begin_anew(&mut self) -> io::Result<u64> {
        let file = open(&self.path)?;
        let metadata = file.metadata()?;
        self.identity = Identity::of(&metadata);
        self.file = file;
        self.is_torn = false;
        Ok(metadata.len())
    }

    /// Puts the full file aside, and the oldest one away.
    fn rotate(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        let keep = self.rotation.keep;
        let loses_one = aside(&self.path, keep).exists();
        for number in (1..keep).rev() {
            match fs::rename(aside(&self.path, number), aside(&self.path, number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.path, aside(&self.path, 1))?;
        self.length = self.begin_anew()?;
        if loses_one && let Some(first) = first_kept(&self.path, keep) {
            self.first = first;
        }
        Ok(())
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.is_torn {
            self.file.set_len(self.length)?;
            self.is_torn = false;
        }
        let written = self.file.write_all(lines).and_then(|()| {
            if self.rotation.sync {
                self.file.sync_data()
            } else {
                Ok(())
            }
        });
        if written.is_err() {
            // The lines are written again as a whole.
            self.is_torn = self.file.set_len(self.length).is_err();
        } else {
            self.length += lines.len() as u64;
        }
        written
    }
}

impl Output for RotatedFile {
    fn has_room(&mut self, bytes: usize) -> bool {
        self.rotation
            .max_bytes
            .is_none_or(|max| self.length + bytes as u64 <= max)
    }

    fn write(&mut self, lines: &[u8], last: Link) -> io::Result<()> {
        if !self.is_torn {
            self.follow()?;
        }
        if self.length > 0
            && !self.has_room(lines.len())
            && let Err(error) = self.rotate()
        {
            tracing::warn!(%error, "the audit's file is full and cannot be put aside: it grows on");
        }
        self.append(lines)?;
        let ends = Ends {
            first: self.first,
            last,
        };
        if let Err(error) = self.head.write(ends, &self.sealing) {
            tracing::warn!(%error, "the audit's head could not be written");
        }
        Ok(())
    }
}

/// The files of an audit that there are, the oldest first.
pub(super) fn all(path: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = (1..=MOST_KEPT)
        .map(|number| aside(path, number))
        .take_while(|path| path.exists())
        .collect();
    files.reverse();
    files.push(path.to_owned());
    files
}

/// The name of the file that was put aside so many rotations ago.
fn aside(path: &Path, rotations: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{rotations}"));
    name.into()
}

/// A file that is made is for its owner alone.
pub(super) fn for_us_alone(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    for_us_alone(&mut options);
    options.open(path)
}

/// What tells a file apart from another one of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    fn of(file: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(file.dev(), file.ino())
    }

    /// Elsewhere a file that is open is not moved away.
    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Self {
        Self(0, 0)
    }
}

/// Cuts off a line that was not written to its end: whoever waited for it was never answered. The length that is left.
fn without_torn_line(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let kept = match tail(file, length, |tail| {
        tail.iter().rposition(|byte| *byte == b'\n')
    })? {
        Some((begin, at)) => begin + at as u64 + 1,
        None => 0,
    };
    if kept < length {
        tracing::warn!(
            bytes = length - kept,
            "the audit ended with a line that was not written to its end: cut off"
        );
        file.set_len(kept)?;
    }
    Ok(kept)
}

/// The last line of a file that ends with a line break.
fn last_line(file: &mut File, length: u64) -> io::Result<Option<String>> {
    let Some(end) = length.checked_sub(1) else {
        return Ok(None);
    };
    let begin = match tail(file, end, |tail| {
        tail.iter().rposition(|byte| *byte == b'\n')
    })? {
        Some((begin, at)) => begin + at as u64 + 1,
        None => 0,
    };
    let bytes = read(file, begin, end)?;
    Ok(String::from_utf8(bytes).ok())
}

/// Looks for something in a file's end, in ever more of it; where the part that was looked at begins, and what was
/// found in it.
fn tail<T>(
    file: &mut File,
    end: u64,
    find: impl Fn(&[u8]) -> Option<T>,
) -> io::Result<Option<(u64, T)>> {
    let mut size = TAIL_BYTES;
    loop {
        let begin = end.saturating_sub(size);
        if let Some(found) = find(&read(file, begin, end)?) {
            return Ok(Some((begin, found)));
        }
        if begin == 0 {
            return Ok(None);
        }
        size *= 4;
    }
}

fn read(file: &mut File, begin: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(begin))?;
    file.take(end - begin).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn link(line: &str, sealing: &Sealing) -> Option<Link> {
    let read = sealing.read(line).ok()?;
    read.is_unchanged.then_some(read.link)
}

fn ends_with(path: &Path, last: Link, sealing: &Sealing) -> bool {
    let found = File::open(path).and_then(|mut file| {
        let length = file.metadata()?.len();
        last_line(&mut file, length)
    });
    found
        .ok()
        .flatten()
        .and_then(|line| link(&line, sealing))
        .is_some_and(|found| found == last)
}

/// The number of the first line of the oldest file.
fn first_kept(path: &Path, keep: u32) -> Option<u64> {
    let oldest = (1..=keep)
        .rev()
        .map(|number| aside(path, number))
        .find(|path| path.exists())
        .unwrap_or_else(|| path.to_owned());
    let mut line = String::new();
    BufReader::new(File::open(oldest).ok()?)
        .read_line(&mut line)
        .ok()?;
    Sealing::number(&line)
}
