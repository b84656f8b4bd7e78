//! Who writes lines: whoever waits for them, where that is quick, or else a thread.
//!
//! Waking the thread and being woken by it takes ten times as long as a write that ends in memory. But it is the one thread of
//! all calls that would write, so nothing may be in sight that keeps it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

/// A write that takes longer has waited for a disk.
const QUICK: Duration = Duration::from_millis(20);
/// How long the thread writes after that.
const CAUTION: Duration = Duration::from_secs(10);

/// What to expect of the next write, by those before it.
#[derive(Debug, Default)]
pub(super) struct Pace {
    slow_until: Option<Instant>,
}

impl Pace {
    pub(super) fn is_quick(&self, now: Instant) -> bool {
        self.slow_until.is_none_or(|until| until <= now)
    }

    /// A write took so long.
    pub(super) fn took(&mut self, time: Duration, now: Instant) {
        if time > QUICK {
            self.slow_until = Some(now + CAUTION);
        }
    }
}

/// Whether a file is on a file system whose writes end in this machine's memory. One of a network can keep a writer for as
/// long as the network is away.
#[cfg(target_os = "linux")]
pub(super) fn is_local(file: &Path) -> bool {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo");
    match (mounts, file.canonicalize()) {
        (Ok(mounts), Ok(file)) => {
            kind(&mounts, &file).is_some_and(|kind| LOCAL.contains(&kind.as_str()))
        }
        _ => false,
    }
}

/// Elsewhere nobody tells.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_local(_: &Path) -> bool {
    false
}

#[cfg(target_os = "linux")]
const LOCAL: [&str; 9] = [
    "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs",
];

/// The kind of the file system that a path is on: <https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html>.
#[cfg(target_os = "linux")]
fn kind(mounts: &str, file: &Path) -> Option<String> {
    mounts
        .lines()
        .filter_map(|mount| {
            let (before, after) = mount.split_once(" - ")?;
            let point = unescaped(before.split(' ').nth(4)?);
            let depth = Path::new(&point).components().count();
            file.starts_with(&point)
                .then(|| (depth, after.split(' ').next().unwrap_or_default()))
        })
        // Of two at one place the later one hides the other.
        .max_by_key(|(depth, _)| *depth)
        .map(|(_, kind)| kind.to_owned())
}

/// Spaces and what else would end a field stand there as three octal digits.
#[cfg(target_os = "linux")]
fn unescaped(field: &str) -> String {
    [
        (r"\040", " "),
        (r"\011", "\t"),
        (r"\012", "\n"),
        (r"\134", r"\"),
    ]
    .into_iter()
    .fold(field.to_owned(), |field, (escaped, character)| {
        field.replace(escaped, character)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_slow_write_the_thread_writes_for_a_while() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.took(QUICK, now);
        assert!(pace.is_quick(now));

        pace.took(QUICK + Duration::from_millis(1), now);

        assert!(!pace.is_quick(now));
        assert!(!pace.is_quick(now + CAUTION / 2));
        assert!(pace.is_quick(now + CAUTION));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_is_on_what_is_mounted_nearest_to_it() {
        let mounts = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
                      30 22 0:40 / /var/log rw - nfs4 server:/log rw\n\
                      31 30 0:41 / /var/log/two\\040words rw - tmpfs tmpfs rw\n\
                      32 22 0:42 / /over rw - ext4 /dev/sdb1 rw\n\
                      33 32 0:43 / /over rw - fuse.sshfs far:/ rw\n";
        for (file, expected) in [
            ("/var/audit.jsonl", "ext4"),
            ("/var/logs/audit.jsonl", "ext4"),
            ("/var/log/audit.jsonl", "nfs4"),
            ("/var/log/two words/audit.jsonl", "tmpfs"),
            ("/over/audit.jsonl", "fuse.sshfs"),
        ] {
            assert_eq!(
                kind(mounts, Path::new(file)).as_deref(),
                Some(expected),
                "{file}"
            );
        }
        assert_eq!(kind("", Path::new("/audit.jsonl")), None);
    }
}
