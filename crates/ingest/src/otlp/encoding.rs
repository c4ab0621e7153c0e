//! The two encodings of OTLP over HTTP, and responses in them.

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::json;

use super::status::Status;

/// The encoding of a request and its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Binary protobuf.
    Protobuf,
    /// The JSON mapping of OTLP.
    Json,
}

impl Encoding {
    /// Returns the content type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    /// Encodes the response to an accepted request of which `rejected` spans were rejected for `reason`. A reason
    /// without rejected spans is a warning.
    #[must_use]
    pub fn encode_response(self, rejected: usize, reason: &str) -> Vec<u8> {
        let rejected_spans = i64::try_from(rejected).unwrap_or(i64::MAX);
        match self {
            Self::Protobuf => {
                let partial_success = (!reason.is_empty())
                    .then(|| ExportTracePartialSuccess { rejected_spans, error_message: reason.to_owned() });
                ExportTraceServiceResponse { partial_success }.encode_to_vec()
            }
            Self::Json if reason.is_empty() => b"{}".to_vec(),
            // Protobuf's JSON mapping writes 64-bit integers as text.
            Self::Json => {
                let rejected_spans = rejected_spans.to_string();
                json!({"partialSuccess": {"rejectedSpans": rejected_spans, "errorMessage": reason}})
                    .to_string()
                    .into_bytes()
            }
        }
    }

    /// Encodes the response to a rejected request.
    #[must_use]
    pub fn encode_error(self, status: &Status) -> Vec<u8> {
        match self {
            Self::Protobuf => status.encode_to_vec(),
            Self::Json => json!({"code": status.code, "message": status.message}).to_string().into_bytes(),
        }
    }
}
