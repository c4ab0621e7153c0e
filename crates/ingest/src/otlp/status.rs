//! Errors as OTLP has them: a `google.rpc.Status` in the encoding of the request, whoever refused it.

use std::time::Duration;

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody, to_bytes_limited},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderValue},
    middleware::Next,
};
use prost::Message;
use shared::error::{ErrorBody, ErrorCode};

use super::encoding::Encoding;

/// An error's text is never as long as this.
const ERROR_BYTES: usize = 256 * 1024;

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
pub struct Status {
    /// A code of gRPC's.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// A sentence for people.
    #[prost(string, tag = "2")]
    pub message: String,
    /// More, for programs.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub struct Any {
    /// What it is.
    #[prost(string, tag = "1")]
    pub type_url: String,
    /// Its bytes.
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
    /// A status that says nothing but this.
    #[must_use]
    pub fn new(code: tonic::Code, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), details: Vec::new() }
    }

    /// The same error in gRPC's words.
    #[must_use]
    pub fn of(error: &ErrorBody) -> Self {
        Self::new(code(error.code), error.detail.as_str())
    }

    /// The same, to be tried again after that time: the only thing that makes clients do so.
    #[must_use]
    pub fn again_after(mut self, delay: Duration) -> Self {
        let retry_delay = Delay {
            seconds: i64::try_from(delay.as_secs()).unwrap_or(i64::MAX),
            nanos: i32::try_from(delay.subsec_nanos()).unwrap_or_default(),
        };
        let value = RetryInfo { retry_delay: Some(retry_delay) }.encode_to_vec();
        self.details.push(Any { type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(), value });
        self
    }
}

/// The code that clients of OTLP take for what it is: only what may be sent again is one of those that they send again.
fn code(code: ErrorCode) -> tonic::Code {
    match code {
        ErrorCode::BadRequest
        | ErrorCode::InvalidTimeRange
        | ErrorCode::ValidationFailed
        | ErrorCode::EmailTaken
        | ErrorCode::PayloadTooLarge
        | ErrorCode::UnsupportedMediaType => tonic::Code::InvalidArgument,
        ErrorCode::Unauthorized | ErrorCode::TokenExpired | ErrorCode::InvalidCredentials => {
            tonic::Code::Unauthenticated
        }
        ErrorCode::Forbidden => tonic::Code::PermissionDenied,
        ErrorCode::NotFound => tonic::Code::NotFound,
        ErrorCode::MethodNotAllowed => tonic::Code::Unimplemented,
        ErrorCode::RateLimited => tonic::Code::ResourceExhausted,
        ErrorCode::QueueFull | ErrorCode::Unavailable => tonic::Code::Unavailable,
        ErrorCode::Internal => tonic::Code::Internal,
    }
}

/// The middleware that turns errors of this server's shape, from wherever they come, into OTLP's.
///
/// # Errors
/// What the request itself fails with.
pub async fn shape(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let encoding = Encoding::of(request.request()).unwrap_or(Encoding::Json);
    let response = next.call(request).await?.map_into_boxed_body();
    let json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if !json || !(response.status().is_client_error() || response.status().is_server_error()) {
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    let body = match to_bytes_limited(body, ERROR_BYTES).await {
        Ok(Ok(body)) => body,
        _ => Default::default(),
    };
    // What ingestion answered to the gateway has OTLP's shape already.
    let body = match serde_json::from_slice::<ErrorBody>(&body) {
        Ok(error) => encoding.error(&Status::of(&error)),
        Err(_) => body.to_vec(),
    };
    let mut response: HttpResponse<BoxBody> = response.set_body(BoxBody::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(encoding.content_type()));
    Ok(ServiceResponse::new(request, response))
}
