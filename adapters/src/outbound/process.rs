//! What the system tells of this process. Linux only: elsewhere nothing is told, and nothing is guessed.

use std::{fs, path::Path, time::Duration};

use domain::health::{ProcessFigures, ProcessMeter};

/// The unit of processor times in `/proc`, which is part of Linux's interface and the same everywhere.
const TICKS_PER_SECOND: u64 = 100;
/// Limits from here on mean that there is none.
const NO_LIMIT: u64 = 1 << 60;

/// This process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThisProcess;

impl ProcessMeter for ThisProcess {
    fn figures(&self) -> ProcessFigures {
        ProcessFigures {
            resident_bytes: self.resident_bytes(),
            processor_time: fs::read_to_string("/proc/self/stat")
                .ok()
                .and_then(|text| processor_time(&text)),
            open_files: fs::read_dir("/proc/self/fd")
                .ok()
                // The folder itself is open while it is read.
                .map(|entries| entries.count().saturating_sub(1) as u64),
        }
    }

    fn resident_bytes(&self) -> Option<u64> {
        resident(&fs::read_to_string("/proc/self/status").ok()?)
    }

    fn memory_limit(&self) -> Option<u64> {
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        cgroup_limit(&groups, Path::new("/sys/fs/cgroup"))
    }
}

fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

fn processor_time(stat: &str) -> Option<Duration> {
    // The name of the program comes in parentheses and may hold any character.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis(
        (user + system) * (1_000 / TICKS_PER_SECOND),
    ))
}

/// The smallest limit of the control groups that a process is in, of either version.
fn cgroup_limit(groups: &str, root: &Path) -> Option<u64> {
    let mut limits = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let (root, file) = if controllers.is_empty() {
            (root.to_owned(), "memory.max")
        } else if controllers.split(',').any(|name| name == "memory") {
            (root.join("memory"), "memory.limit_in_bytes")
        } else {
            continue;
        };
        // In a container the path is often the host's, and what holds is at the root of what can be seen.
        let group = root.join(path.trim_start_matches('/'));
        limits.extend(
            group
                .ancestors()
                .take_while(|folder| folder.starts_with(&root))
                .filter_map(|folder| fs::read_to_string(folder.join(file)).ok())
                .filter_map(|text| text.trim().parse::<u64>().ok())
                .filter(|limit| *limit < NO_LIMIT),
        );
    }
    limits.into_iter().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_the_system_prints_it() {
        let status = "Name:\tportolan\nVmPeak:\t   9 kB\nVmRSS:\t   12345 kB\nThreads:\t4\n";

        assert_eq!(resident(status), Some(12_345 * 1024));
        assert_eq!(resident("Name:\tportolan\n"), None);
    }

    #[test]
    fn processor_time_is_read_behind_any_name() {
        let stat =
            "1 (a) 9 (b)) S 0 1 1 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 100 1000 200 18";

        assert_eq!(processor_time(stat), Some(Duration::from_secs(3)));
    }

    #[test]
    fn the_smallest_limit_of_all_groups_holds() {
        let root = std::env::temp_dir().join(format!("portolan-cgroup-{}", std::process::id()));
        for (folder, file, limit) in [
            ("pod/box", "memory.max", "max"),
            ("pod", "memory.max", "300"),
            ("", "memory.max", "400"),
            ("memory/old", "memory.limit_in_bytes", "9223372036854771712"),
            ("memory", "memory.limit_in_bytes", "500"),
        ] {
            fs::create_dir_all(root.join(folder)).unwrap();
            fs::write(root.join(folder).join(file), format!("{limit}\n")).unwrap();
        }

        for (groups, expected) in [
            ("0::/pod/box\n", Some(300)),
            ("0::/\n", Some(400)),
            ("0::/somewhere/else\n", Some(400)),
            ("5:cpu,memory:/old\n0::/none\n", Some(400)),
            ("5:memory:/old\n", Some(500)),
            ("5:cpu:/old\n", None),
            ("", None),
        ] {
            assert_eq!(cgroup_limit(groups, &root), expected, "{groups:?}");
        }
        fs::remove_dir_all(root).unwrap();
    }
}
