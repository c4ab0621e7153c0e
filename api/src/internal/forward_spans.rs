//! Forwards spans received over gRPC to ingestion as an HTTP request. The message is complete in memory and spans are
//! idempotent, so another replica can be tried after any failure.

use actix_web::{http::Method, web::Bytes};
use http_body_util::BodyExt;
use ingest::otlp::{encoding::Encoding, status::Status};
use tonic::codegen::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::{
    body::HashedBody,
    client::{PeerClient, PeerRequest, PeerResponse},
};
use crate::{auth::identity::Identity, error::ApiError};

/// The path of the request.
const PATH: &str = "/v1/traces";

/// The response of ingestion.
#[derive(Debug)]
pub enum Forwarded {
    /// The spans were accepted; the response in protobuf.
    Accepted(Bytes),
    /// The request was rejected.
    Rejected {
        /// The error.
        status: Status,
        /// Seconds after which to retry, if a retry can succeed.
        retry_after: Option<u64>,
    },
}

/// Forwards a request of `identity`.
///
/// # Errors
/// Returns 503 if no replica responds.
pub async fn forward(
    client: &PeerClient,
    identity: &Identity,
    request_id: &str,
    body: Bytes,
) -> Result<Forwarded, ApiError> {
    let id = HeaderValue::from_str(request_id).map_err(ApiError::internal)?;
    let request = PeerRequest {
        identity,
        method: &Method::POST,
        path: PATH,
        headers: HeaderMap::from_iter([
            (header::CONTENT_TYPE, HeaderValue::from_static(Encoding::Protobuf.content_type())),
            (HeaderName::from_static("x-request-id"), id),
        ]),
        body: HashedBody::of(body).await?,
        is_repeatable: true,
    };
    read(client.send(&client.peers.ingestion, request).await?).await
}

async fn read(response: PeerResponse) -> Result<Forwarded, ApiError> {
    let succeeded = response.status().is_success();
    let retry_after = response.headers().get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
    let body = response.into_body().collect().await.map_err(|error| ApiError::Unavailable(error.into()))?;
    let body = body.to_bytes();
    if succeeded {
        return Ok(Forwarded::Accepted(body));
    }
    let status = prost::Message::decode(body).map_err(|error| ApiError::Unavailable(error.into()))?;
    Ok(Forwarded::Rejected { status, retry_after })
}
