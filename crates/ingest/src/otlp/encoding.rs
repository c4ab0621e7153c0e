//! The two encodings of OTLP over HTTP, and what is answered in them.

use actix_web::{HttpRequest, http::header};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::json;

use super::status::Status;

/// How requests and answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Binary.
    Protobuf,
    /// OTLP's own mapping of it.
    Json,
}

impl Encoding {
    /// How a request is written, where it says so and it is one of the two.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Option<Self> {
        let content_type = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/x-protobuf" | "application/protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    /// The answer's content type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    /// What a request is answered whose spans were kept, but for so many, for these reasons. A reason without a rejected span
    /// is a warning.
    #[must_use]
    pub fn answer(self, rejected: usize, reason: &str) -> Vec<u8> {
        let rejected_spans = i64::try_from(rejected).unwrap_or(i64::MAX);
        match self {
            Self::Protobuf => {
                let partial_success = (!reason.is_empty())
                    .then(|| ExportTracePartialSuccess { rejected_spans, error_message: reason.to_owned() });
                ExportTraceServiceResponse { partial_success }.encode_to_vec()
            }
            Self::Json if reason.is_empty() => b"{}".to_vec(),
            // Protobuf's JSON has 64-bit integers as text.
            Self::Json => {
                let rejected_spans = rejected_spans.to_string();
                json!({"partialSuccess": {"rejectedSpans": rejected_spans, "errorMessage": reason}})
                    .to_string()
                    .into_bytes()
            }
        }
    }

    /// What a request is answered that was not kept.
    #[must_use]
    pub fn error(self, status: &Status) -> Vec<u8> {
        match self {
            Self::Protobuf => status.encode_to_vec(),
            Self::Json => json!({"code": status.code, "message": status.message}).to_string().into_bytes(),
        }
    }
}
