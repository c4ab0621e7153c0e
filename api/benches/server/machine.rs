//! Reads memory of processes, sizes of files and the name of the processor from the operating system.

use std::{fs, path::Path};

use crate::Result;

/// Resident memory of a process in megabytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// Current memory.
    pub(crate) now: f64,
    /// Peak memory.
    pub(crate) peak: f64,
}

/// Reads the memory of a process from `/proc`.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| -> Result<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|line| line.split_whitespace().next());
        let value = value.ok_or_else(|| format!("/proc/{pid}/status has no {name}"))?;
        Ok(value.parse::<f64>()? / 1024.0)
    };
    Ok(Memory { now: field("VmRSS:")?, peak: field("VmHWM:")? })
}

/// Returns the total size in bytes of all files in `directory` whose names begin with `prefix`.
pub(crate) fn bytes(directory: &Path, prefix: &str) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            sum += entry.metadata()?.len();
        }
    }
    Ok(sum)
}

/// Describes the processor for the report.
pub(crate) fn processor() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map(|(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores of {}", name.unwrap_or("an unknown processor"))
}
