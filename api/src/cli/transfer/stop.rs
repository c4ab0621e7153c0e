//! Why a transfer ends early, and what it exits with then.

use std::{path::PathBuf, process::ExitCode};

use store::{account::AccountError, database::sqlite::FileError, trace::StoreError};

use crate::config::InvalidSetting;

/// What does not let the transfer go on. Whatever was copied stays copied.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    #[error("{} is no data folder that can be transferred", folder.display())]
    Folder { folder: PathBuf, source: FileError },
    #[error("the accounts in the folder cannot be read")]
    AccountFile(#[source] AccountError),
    #[error("the traces in the folder cannot be read")]
    TraceFile(#[source] StoreError),
    #[error("the server of the accounts (POSTGRES_URL) fails")]
    AccountServer(#[source] AccountError),
    #[error("the server of the traces (TIMESCALE_URL) fails")]
    TraceServer(#[source] StoreError),
    #[error("nothing was copied: on the server other users have these e-mails: {0}")]
    EmailsTaken(String),
    #[error(
        "folder and servers differ in {0} of the workspaces: did something arrive meanwhile? Stop whoever sends, and run it again"
    )]
    Different(usize),
}

impl Stop {
    /// 2 for what was asked in a wrong way, else 1.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Setting(_) | Self::Folder { .. } => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}
