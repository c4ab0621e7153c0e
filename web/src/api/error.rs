//! Errors of API requests.

use shared::error::{ErrorBody, ErrorCode, FieldError};

/// The reason why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// The server was unreachable.
    Unreachable,
    /// The server rejected the request.
    Rejected(ErrorBody),
    /// The response was not the expected JSON.
    Unreadable {
        /// The HTTP status.
        status: u16,
    },
}

impl ApiError {
    /// Returns the message to show.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Unreachable => {
                "The server is unreachable. Check your connection and that the server is running.".to_owned()
            }
            Self::Rejected(body) => body.detail.clone(),
            Self::Unreadable { status } => format!("Unreadable response from the server (status {status})."),
        }
    }

    /// Returns the error code of the API, if the response had one.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Rejected(body) => Some(body.code),
            _ => None,
        }
    }

    /// Returns the invalid fields of the request.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        match self {
            Self::Rejected(body) => &body.fields,
            _ => &[],
        }
    }

    /// Returns the invalid fields of the request, or else the message as an error without a field.
    #[must_use]
    pub fn form_errors(&self) -> Vec<FieldError> {
        match self.fields() {
            [] => vec![FieldError::new("", self.message())],
            fields => fields.to_vec(),
        }
    }
}
