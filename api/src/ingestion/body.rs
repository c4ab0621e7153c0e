//! Reads request bodies with limits before and after decompression.

use std::io::{self, ErrorKind};

use actix_web::{
    Error, HttpMessage, HttpRequest, ResponseError,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::header,
    middleware::Next,
    web::Bytes,
};
use futures_util::StreamExt;
use shared::limit;

use super::decompress::{ContentCoding, Decompressor};
use crate::error::ApiError;

/// Larger compressed chunks are decompressed on a blocking thread.
const DECOMPRESS_INLINE_BYTES: usize = 2048;

/// The maximum size of a request body of a resource, set in the route table. Applies both to handlers and to
/// forwarding.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimit(pub usize);

impl BodyLimit {
    /// Returns the limit of the requested resource, by default [`limit::BODY_BYTES`].
    #[must_use]
    pub fn of(request: &HttpRequest) -> usize {
        request.app_data::<Self>().map_or(limit::BODY_BYTES, |limit| limit.0)
    }
}

/// Middleware for resources that do not use [`read`]: rejects compressed bodies, because nothing limits their
/// decompressed size.
///
/// # Errors
/// Returns the errors of the request; a compressed body gives 415.
pub async fn plain(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if matches!(ContentCoding::of(request.headers()), Ok(ContentCoding::Identity)) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    drain(request.take_payload(), limit::BODY_BYTES).await;
    let error = ApiError::UnsupportedMediaType(
        "This endpoint does not accept compressed bodies; omit Content-Encoding",
    );
    Ok(request.into_response(error.error_response()).map_into_right_body())
}

/// The detail of the 415 response for a body that is not JSON.
pub const NOT_JSON: &str = "The body must be JSON, with Content-Type: application/json";

/// Reads and decompresses a JSON body.
///
/// # Errors
/// Returns the errors of [`read`], and 415 if the content type is not JSON.
pub async fn read_json(request: &HttpRequest, payload: Payload) -> Result<Bytes, ApiError> {
    let content_type =
        request.headers().get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let json = content_type.is_none_or(|content_type| content_type.to_ascii_lowercase().contains("json"));
    let expected = if json { Ok(()) } else { Err(ApiError::UnsupportedMediaType(NOT_JSON)) };
    Ok(read(request, payload, expected).await?.0)
}

/// Reads and decompresses a body; returns it with the value in `expected`.
///
/// # Errors
/// Returns 413 if the body exceeds [`BodyLimit`] before or after decompression, 415 for encodings other than gzip and
/// deflate, 400 if it is truncated or cannot be decompressed, and the error in `expected`.
pub async fn read<T>(
    request: &HttpRequest,
    mut payload: Payload,
    expected: Result<T, ApiError>,
) -> Result<(Bytes, T), ApiError> {
    let limit = BodyLimit::of(request);
    let read = match expected {
        Ok(found) => decompress(request, &mut payload, limit).await.map(|body| (body, found)),
        Err(error) => Err(error),
    };
    if !matches!(read, Ok(_) | Err(ApiError::PayloadTooLarge(_))) {
        drain(payload, limit).await;
    }
    read
}

/// Reads the rest of a rejected body; a client that is still sending would not see the response.
async fn drain(mut payload: Payload, limit: usize) {
    let mut left = limit;
    while let Some(Ok(chunk)) = payload.next().await {
        left = left.saturating_sub(chunk.len());
        if left == 0 {
            break;
        }
    }
}

async fn decompress(request: &HttpRequest, payload: &mut Payload, limit: usize) -> Result<Bytes, ApiError> {
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > limit) {
        return Err(ApiError::PayloadTooLarge(limit));
    }
    let mut decompressor =
        Decompressor::new(ContentCoding::of(request.headers())?, limit, length.unwrap_or(8 * 1024));
    let mut received = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| read_error(&error))?;
        received += chunk.len();
        if received > limit {
            return Err(ApiError::PayloadTooLarge(limit));
        }
        decompressor = add(decompressor, chunk).await?.map_err(|error| body_error(&error, limit))?;
    }
    decompressor.finish().map(Bytes::from).map_err(|error| body_error(&error, limit))
}

/// Decompresses the next chunk, on a blocking thread if it may be large.
async fn add(mut decompressor: Decompressor, chunk: Bytes) -> Result<io::Result<Decompressor>, ApiError> {
    let inline = matches!(decompressor, Decompressor::Identity(_)) || chunk.len() <= DECOMPRESS_INLINE_BYTES;
    let add = move || decompressor.add(&chunk).map(|()| decompressor);
    if inline {
        return Ok(add());
    }
    tokio::task::spawn_blocking(add).await.map_err(ApiError::internal)
}

/// Returns the error of a body that did not arrive, or is not the one that the gateway sent.
pub fn read_error(error: &PayloadError) -> ApiError {
    match error {
        PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut => ApiError::BodyTimeout,
        PayloadError::Io(error) if error.kind() == ErrorKind::PermissionDenied => {
            ApiError::Forbidden("The body is not the one that the gateway sent")
        }
        error => ApiError::BadRequest(format!("The body cannot be read: {error}")),
    }
}

fn body_error(error: &io::Error, limit: usize) -> ApiError {
    match error.kind() {
        ErrorKind::FileTooLarge => ApiError::PayloadTooLarge(limit),
        _ => ApiError::BadRequest(format!("The body cannot be read: {error}")),
    }
}
