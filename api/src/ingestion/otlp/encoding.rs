//! The encoding of an OTLP request over HTTP.

use actix_web::{HttpRequest, http::header};
use ingest::otlp::encoding::Encoding;

/// Returns the encoding that the `Content-Type` header names; `None` if it is absent or another type.
#[must_use]
pub fn requested(request: &HttpRequest) -> Option<Encoding> {
    let content_type = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/x-protobuf" | "application/protobuf" => Some(Encoding::Protobuf),
        "application/json" => Some(Encoding::Json),
        _ => None,
    }
}
