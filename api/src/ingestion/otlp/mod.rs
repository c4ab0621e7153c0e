//! OTLP requests of both transports: decoded by the `ingest` crate, then put on the queue as spans and scores.

pub mod encoding;
pub mod http;
pub mod status;

use actix_web::web::Bytes;
use ingest::{
    field::Arrival,
    otlp::{encoding::Encoding, read},
};
use uuid::Uuid;

use super::State;
use crate::error::ApiError;

/// Bodies larger than this are decoded on a blocking thread.
const DECODE_INLINE_BYTES: usize = 64 * 1024;

/// Decodes a request, queues its spans and scores, and returns the encoded response. Everything the response accepts is
/// durable.
///
/// # Errors
/// Returns 400 if the request cannot be decoded, 413 if it holds too much, and 503 if the queue is full or unavailable. The
/// client may send the same request again: no span is counted twice.
pub async fn ingest(
    app: &State,
    workspace_id: Uuid,
    encoding: Encoding,
    body: Bytes,
) -> Result<Vec<u8>, ApiError> {
    let arrival = Arrival { workspace_id, now: app.clock.now() };
    let decoded = if body.len() <= DECODE_INLINE_BYTES {
        read(encoding, &body, arrival)?
    } else {
        let reading = tokio::task::spawn_blocking(move || read(encoding, &body, arrival));
        reading.await.map_err(ApiError::internal)??
    };
    let (accepted, rejected) = (decoded.spans.len(), decoded.rejected);
    let reason = decoded.reason();
    app.queue.push_spans(decoded.spans).await?;
    for score in decoded.scores {
        app.queue.score(score).await?;
    }
    app.metrics.record_spans(accepted, rejected);
    Ok(encoding.encode_response(rejected, &reason))
}
