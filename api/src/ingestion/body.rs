//! Reading an ingestion request's body: bounded before and after decompression.

use std::io::{self, ErrorKind};

use actix_web::{
    Error, HttpMessage, HttpRequest, ResponseError,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web::Bytes,
};
use futures_util::StreamExt;
use shared::limit;

use super::unpack::{Coding, Unpacking};
use crate::error::ApiError;

/// A compressed piece larger than this is unpacked off the async threads.
const UNPACK_INLINE_BYTES: usize = 2048;

/// How many bytes the body of a request to this resource may have: the route table says so, to whoever reads the body and
/// to whoever hands it on.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimit(pub usize);

impl BodyLimit {
    /// The limit of the resource that is asked; [`limit::BODY_BYTES`] where the route table says nothing.
    #[must_use]
    pub fn of(request: &HttpRequest) -> usize {
        request.app_data::<Self>().map_or(limit::BODY_BYTES, |limit| limit.0)
    }
}

/// The middleware of resources that do not read their bodies by [`read`]: they take none that is compressed, since nobody
/// would bound what it unpacks to.
///
/// # Errors
/// What the request itself fails with; a compressed body is a 415.
pub async fn plain(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if matches!(Coding::of(request.headers()), Ok(Coding::Identity)) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    drain(request.take_payload(), limit::BODY_BYTES).await;
    let error =
        ApiError::UnsupportedMediaType("Compressed bodies are not taken here: leave Content-Encoding out");
    Ok(request.into_response(error.error_response()).map_into_right_body())
}

/// What a body that should be JSON is told.
pub const NOT_JSON: &str = "The body must be JSON, with Content-Type: application/json";

/// The whole body, decompressed.
///
/// # Errors
/// As [`read`]; 415 where its type is not JSON.
pub async fn read_json(request: &HttpRequest, payload: Payload) -> Result<Bytes, ApiError> {
    let content_type =
        request.headers().get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let json = content_type.is_none_or(|content_type| content_type.to_ascii_lowercase().contains("json"));
    let expected = if json { Ok(()) } else { Err(ApiError::UnsupportedMediaType(NOT_JSON)) };
    Ok(read(request, payload, expected).await?.0)
}

/// The whole body, decompressed, and what was found out of it beforehand.
///
/// # Errors
/// 413 where it is larger than [`BodyLimit`] (a small body that unpacks to a large one included), 415 where it is compressed
/// in another way than gzip or deflate, 400 where it breaks off or does not unpack, and what was found wrong beforehand.
pub async fn read<T>(
    request: &HttpRequest,
    mut payload: Payload,
    expected: Result<T, ApiError>,
) -> Result<(Bytes, T), ApiError> {
    let limit = BodyLimit::of(request);
    let read = match expected {
        Ok(found) => unpack(request, &mut payload, limit).await.map(|body| (body, found)),
        Err(error) => Err(error),
    };
    if !matches!(read, Ok(_) | Err(ApiError::PayloadTooLarge(_))) {
        drain(payload, limit).await;
    }
    read
}

/// Reads what is left of a refused body: who still sends would not see the answer otherwise.
async fn drain(mut payload: Payload, limit: usize) {
    let mut left = limit;
    while let Some(Ok(chunk)) = payload.next().await {
        left = left.saturating_sub(chunk.len());
        if left == 0 {
            break;
        }
    }
}

async fn unpack(request: &HttpRequest, payload: &mut Payload, limit: usize) -> Result<Bytes, ApiError> {
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > limit) {
        return Err(ApiError::PayloadTooLarge(limit));
    }
    let mut unpacking = Unpacking::new(Coding::of(request.headers())?, limit, length.unwrap_or(8 * 1024));
    let mut packed = 0;
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|error| ApiError::BadRequest(format!("The body cannot be read: {error}")))?;
        packed += chunk.len();
        if packed > limit {
            return Err(ApiError::PayloadTooLarge(limit));
        }
        unpacking = add(unpacking, chunk).await?.map_err(|error| refusal(&error, limit))?;
    }
    unpacking.finish().map(Bytes::from).map_err(|error| refusal(&error, limit))
}

/// The next piece, where much may come of it.
async fn add(mut unpacking: Unpacking, chunk: Bytes) -> Result<io::Result<Unpacking>, ApiError> {
    let inline = matches!(unpacking, Unpacking::Identity(_)) || chunk.len() <= UNPACK_INLINE_BYTES;
    let add = move || unpacking.add(&chunk).map(|()| unpacking);
    if inline {
        return Ok(add());
    }
    tokio::task::spawn_blocking(add).await.map_err(|error| ApiError::Internal(error.into()))
}

fn refusal(error: &io::Error, limit: usize) -> ApiError {
    match error.kind() {
        ErrorKind::FileTooLarge => ApiError::PayloadTooLarge(limit),
        _ => ApiError::BadRequest(format!("The body cannot be read: {error}")),
    }
}
