//! The end of a command that fails.

use std::{fmt::Display, process::ExitCode};

/// Prints an error, and returns the exit code `code`.
pub fn fail(code: u8, error: impl Display) -> ExitCode {
    eprintln!("agent-obs: {error}");
    ExitCode::from(code)
}
