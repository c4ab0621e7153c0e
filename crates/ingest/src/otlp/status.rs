//! The error format of OTLP: `google.rpc.Status`.

use std::time::Duration;

use prost::Message;
use shared::error::{ErrorBody, ErrorCode};

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
pub struct Status {
    /// The gRPC code.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// The message for people.
    #[prost(string, tag = "2")]
    pub message: String,
    /// Details for programs, like [`Any`] with a `google.rpc.RetryInfo`.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub struct Any {
    /// The type of the value.
    #[prost(string, tag = "1")]
    pub type_url: String,
    /// The encoded value.
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

impl Status {
    /// Creates a status without details.
    #[must_use]
    pub fn new(code: tonic::Code, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), details: Vec::new() }
    }

    /// Adds the delay after which to retry; clients retry only if it is present.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        let retry_delay = Delay {
            seconds: i64::try_from(delay.as_secs()).unwrap_or(i64::MAX),
            nanos: i32::try_from(delay.subsec_nanos()).unwrap_or_default(),
        };
        let value = RetryInfo { retry_delay: Some(retry_delay) }.encode_to_vec();
        self.details.push(Any { type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(), value });
        self
    }
}

impl From<&ErrorBody> for Status {
    fn from(error: &ErrorBody) -> Self {
        Self::new(code(error.code), error.detail.as_str())
    }
}

/// Returns the gRPC code of an error. OTLP clients retry some codes, so only retryable errors may use those.
fn code(code: ErrorCode) -> tonic::Code {
    match code {
        ErrorCode::BadRequest
        | ErrorCode::InvalidTimeRange
        | ErrorCode::ValidationFailed
        | ErrorCode::EmailTaken
        | ErrorCode::LastOwner
        | ErrorCode::LinkExpired
        | ErrorCode::PayloadTooLarge
        | ErrorCode::UnsupportedMediaType => tonic::Code::InvalidArgument,
        ErrorCode::Unauthorized | ErrorCode::TokenExpired | ErrorCode::InvalidCredentials => {
            tonic::Code::Unauthenticated
        }
        ErrorCode::Forbidden | ErrorCode::RegistrationClosed | ErrorCode::NoWorkspace => {
            tonic::Code::PermissionDenied
        }
        ErrorCode::NotFound => tonic::Code::NotFound,
        ErrorCode::MethodNotAllowed | ErrorCode::NotImplemented => tonic::Code::Unimplemented,
        ErrorCode::RateLimited => tonic::Code::ResourceExhausted,
        ErrorCode::RequestTimeout => tonic::Code::DeadlineExceeded,
        ErrorCode::QueueFull | ErrorCode::Unavailable => tonic::Code::Unavailable,
        ErrorCode::Internal => tonic::Code::Internal,
    }
}
