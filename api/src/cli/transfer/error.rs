//! Why a transfer stops early, and its exit code.

use std::path::PathBuf;

use store::{account::AccountError, database::sqlite::FileError, trace::StoreError};

use crate::config::InvalidSetting;

/// Why the transfer cannot continue. What was copied remains.
#[derive(Debug, thiserror::Error)]
pub(super) enum TransferError {
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    #[error("cannot transfer {}", path.display())]
    SourceDir { path: PathBuf, source: FileError },
    #[error("cannot read the accounts in the directory")]
    AccountFile(#[source] AccountError),
    #[error("cannot read the traces in the directory")]
    TraceFile(#[source] StoreError),
    #[error("the accounts database (POSTGRES_URL) failed")]
    AccountServer(#[source] AccountError),
    #[error("the traces database (TIMESCALE_URL) failed")]
    TraceServer(#[source] StoreError),
    #[error("nothing was copied: other accounts on the server have these e-mails: {0}")]
    EmailsTaken(String),
    #[error(
        "directory and servers differ in {0} of the workspaces; if new data arrived meanwhile, stop the senders and run the command again"
    )]
    Different(usize),
}

impl TransferError {
    /// Returns 2 for invalid arguments, otherwise 1.
    pub(super) fn exit_code(&self) -> u8 {
        if matches!(self, Self::Setting(_) | Self::SourceDir { .. }) { 2 } else { 1 }
    }
}
