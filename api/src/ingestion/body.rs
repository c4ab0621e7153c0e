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

/// The whole body, decompressed.
///
/// # Errors
/// 413 where it is larger than [`BodyLimit`] (a small body that unpacks to a large one included), 415 where its type is
/// not JSON, 400 where it breaks off or does not unpack.
pub async fn read_json(request: &HttpRequest, mut payload: Payload) -> Result<Bytes, ApiError> {
    let limit = BodyLimit::of(request);
    let read = read(request, &mut payload, limit).await;
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

async fn read(request: &HttpRequest, payload: &mut Payload, limit: usize) -> Result<Bytes, ApiError> {
    let content_type =
        request.headers().get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    if content_type.is_some_and(|content_type| !content_type.to_ascii_lowercase().contains("json")) {
        return Err(ApiError::UnsupportedMediaType);
    }
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
