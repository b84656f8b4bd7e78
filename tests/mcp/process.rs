//! What the system tells of a process.
#![cfg(target_os = "linux")]

/// A figure of its status, such as `VmRSS` in kilobytes.
fn status(process: u32, figure: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.split_once(':').is_some_and(|(name, _)| name == figure));
    line.and_then(|line| line.split_whitespace().nth(1))
        .and_then(|number| number.parse().ok())
        .unwrap()
}

/// The memory that it has in use.
pub(crate) fn memory_kib(process: u32) -> u64 {
    status(process, "VmRSS")
}

/// The most memory that it has had in use.
pub(crate) fn peak_memory_kib(process: u32) -> u64 {
    status(process, "VmHWM")
}

/// How many files and sockets it has open.
pub(crate) fn descriptors(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .count()
}

pub(crate) fn threads(process: u32) -> u64 {
    status(process, "Threads")
}

/// How long the processor has worked for it, in hundredths of a second.
pub(crate) fn processor_ticks(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name, in parentheses, may hold anything.
    let (_, figures) = stat.rsplit_once(')').unwrap();
    let ticks = figures.split_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}
