//! Why a request cannot be decoded.

/// Why a request cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The request is malformed.
    #[error("{0}")]
    Unreadable(String),
    /// The request takes more than this many bytes.
    #[error("the request is larger than {0} bytes")]
    TooLarge(usize),
    /// A decoded value could not be serialized.
    #[error("a decoded value cannot be serialized")]
    Internal(#[from] serde_json::Error),
}
