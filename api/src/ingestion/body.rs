//! Reading an ingestion request's body: bounded before and after decompression.

use actix_web::{
    HttpRequest,
    dev::{Decompress, Payload},
    http::header::{self, ContentEncoding},
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt;
use shared::limit;

use crate::error::ApiError;

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
/// 413 where it is larger than [`BodyLimit`] (a small body that unpacks to a large one included), 400 where it breaks off
/// or does not unpack, and what was found wrong beforehand.
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
    let encoding =
        request.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or_default());
    let encoding = match encoding {
        None => ContentEncoding::Identity,
        Some(name) => {
            name.parse().map_err(|_| ApiError::BadRequest(format!("Unknown Content-Encoding: {name}")))?
        }
    };
    let mut chunks = Decompress::new(payload, encoding);
    let mut body = BytesMut::with_capacity(length.unwrap_or(8 * 1024));
    while let Some(chunk) = chunks.next().await {
        let chunk =
            chunk.map_err(|error| ApiError::BadRequest(format!("The body cannot be read: {error}")))?;
        if body.len() + chunk.len() > limit {
            return Err(ApiError::PayloadTooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
