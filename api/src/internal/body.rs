//! The body of a forwarded request: read completely, with its digest for the proof.

use actix_web::{
    HttpRequest,
    http::header::CONTENT_LENGTH,
    web::{Bytes, BytesMut, Payload},
};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};

use super::proof::BodyDigest;
use crate::{
    error::ApiError,
    ingestion::body::{BodyLimit, read_error},
};

/// Larger bodies that are in memory already are hashed on a blocking thread.
const HASH_INLINE_BYTES: usize = 256 * 1024;

/// A body and its digest.
#[derive(Clone, Debug)]
pub(super) struct HashedBody {
    pub(super) bytes: Bytes,
    pub(super) digest: BodyDigest,
}

impl HashedBody {
    /// Reads the body of `request` and hashes it as it arrives.
    ///
    /// # Errors
    /// Returns 413 if it exceeds the limit of the resource, 408 if it does not arrive in time, and 400 if it is incomplete.
    pub(super) async fn read(request: &HttpRequest, mut payload: Payload) -> Result<Self, ApiError> {
        let length =
            request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let limit = BodyLimit::of(request);
        if length.is_some_and(|length: usize| length > limit) {
            return Err(ApiError::PayloadTooLarge(limit));
        }
        let (mut digest, mut body) = (Sha256::new(), Vec::new());
        let mut read = 0;
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|error| read_error(&error))?;
            read += chunk.len();
            if read > limit {
                return Err(ApiError::PayloadTooLarge(limit));
            }
            digest.update(&chunk);
            body.push(chunk);
        }
        // Most bodies arrive as one chunk, which needs no copy.
        let bytes = match body.as_slice() {
            [chunk] => chunk.clone(),
            chunks => chunks
                .iter()
                .fold(BytesMut::with_capacity(read), |mut all, chunk| {
                    all.extend_from_slice(chunk);
                    all
                })
                .freeze(),
        };
        Ok(Self { bytes, digest: digest.finalize().into() })
    }

    /// Hashes a body.
    ///
    /// # Errors
    /// Returns 500 if the server stops.
    pub(super) async fn of(bytes: Bytes) -> Result<Self, ApiError> {
        let hash = |bytes: &Bytes| Sha256::digest(bytes).into();
        let digest = if bytes.len() <= HASH_INLINE_BYTES {
            hash(&bytes)
        } else {
            let bytes = bytes.clone();
            tokio::task::spawn_blocking(move || hash(&bytes)).await.map_err(ApiError::internal)?
        };
        Ok(Self { bytes, digest })
    }
}
