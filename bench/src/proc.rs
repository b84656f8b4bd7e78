//! What the kernel knows of a process and of this machine, read from `/proc`.

use std::{fs, time::Duration};

use crate::Fallible;

/// The unit of the times in `/proc/<pid>/stat`. The kernel promises 100 to programs, whatever it uses itself.
const TICKS_PER_SECOND: u64 = 100;

/// Processor time that a process has used so far, its own and the kernel's for it, in steps of 10 ms.
pub(crate) fn cpu_time(pid: u32) -> Fallible<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the program's name in parentheses and may itself hold both; the rest is plain.
    let (_, fields) = stat
        .rsplit_once(')')
        .ok_or("/proc/<pid>/stat has no program name")?;
    let ticks = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}

/// Memory of a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// `VmRSS`: resident now, in bytes.
    pub(crate) resident: u64,
    /// `VmHWM`: the most that was ever resident, in bytes.
    pub(crate) peak: u64,
}

pub(crate) fn memory(pid: u32) -> Fallible<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kibibytes = |field: &str| -> Fallible<u64> {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .ok_or_else(|| format!("/proc/{pid}/status has no {field}"))?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    };
    Ok(Memory {
        resident: kibibytes("VmRSS:")? * 1_024,
        peak: kibibytes("VmHWM:")? * 1_024,
    })
}

/// How busy the machine was over the last minute: runnable tasks on average, as the kernel prints it.
pub(crate) fn load() -> String {
    fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split(' ').next().map(str::to_owned))
        .unwrap_or_else(|| "unknown".to_owned())
}
