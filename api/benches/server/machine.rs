//! What the operating system knows: memory of a process, sizes of files, the processor's name.

use std::{fs, path::Path};

use crate::Result;

/// Megabytes of memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) now: f64,
    /// Resident at most so far.
    pub(crate) peak: f64,
}

/// The memory of a process, from `/proc`.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| -> Result<f64> {
        let line =
            status.lines().find(|line| line.starts_with(name)).ok_or("no such field in /proc/…/status")?;
        Ok(line.split_whitespace().nth(1).ok_or("no number in /proc/…/status")?.parse::<f64>()? / 1024.0)
    };
    Ok(Memory { now: field("VmRSS:")?, peak: field("VmHWM:")? })
}

/// Bytes of all files whose names begin so.
pub(crate) fn bytes(folder: &Path, prefix: &str) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            sum += entry.metadata()?.len();
        }
    }
    Ok(sum)
}

/// The processor, for the report.
pub(crate) fn processor() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map(|(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores of {}", name.unwrap_or("an unnamed processor"))
}
