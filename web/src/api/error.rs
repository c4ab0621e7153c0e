//! What can go wrong between a question and its answer.

use shared::error::{ErrorBody, ErrorCode, FieldError};

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// The server could not be reached.
    Offline,
    /// The server said no, and why.
    Refused(ErrorBody),
    /// The server answered something this client cannot read.
    Unreadable {
        /// The HTTP status.
        status: u16,
    },
}

impl ApiError {
    /// A sentence for people.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Offline => "The server cannot be reached. Is it running, and are you online?".to_owned(),
            Self::Refused(body) => body.detail.clone(),
            Self::Unreadable { status } => {
                format!("The server sent an answer that this page cannot read (status {status}).")
            }
        }
    }

    /// The server's own code, where it gave one.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(body) => Some(body.code),
            _ => None,
        }
    }

    /// The fields that were wrong.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        match self {
            Self::Refused(body) => &body.fields,
            _ => &[],
        }
    }
}
