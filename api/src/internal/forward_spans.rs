//! Forwards spans received over gRPC to ingestion as an HTTP request. The message is complete in memory and spans are
//! idempotent, so another replica can be tried after any failure.

use actix_web::{http::Method, web::Bytes};
use domain::error::chain;
use ingest::otlp::{encoding::Encoding, status::Status};
use reqwest::{Client, header};

use super::forward::Peers;
use crate::{auth::identity::Identity, error::ApiError, http, telemetry::request::REQUEST_ID};

/// The path of the request.
const PATH: &str = "/v1/traces";

/// Connections to the replicas of ingestion. Clones share them.
#[derive(Clone, Debug)]
pub struct SpanForwarder {
    client: Client,
    peers: Peers,
}

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

impl SpanForwarder {
    /// Creates connections to the ingestion replicas of `peers`.
    ///
    /// # Errors
    /// Returns an error if the client cannot be created.
    pub fn new(peers: Peers) -> Result<Self, reqwest::Error> {
        // Roles use plain HTTP without a proxy.
        let client = http::client("http:").no_proxy().timeout(peers.timeout).build()?;
        Ok(Self { client, peers })
    }

    /// Forwards a request of `identity`.
    ///
    /// # Errors
    /// Returns 503 if no replica responds.
    pub async fn forward(
        &self,
        identity: &Identity,
        request_id: &str,
        body: Bytes,
    ) -> Result<Forwarded, ApiError> {
        let upstream = &self.peers.ingestion;
        let mut failure = ApiError::Unavailable("no replica is configured".into());
        for replica in upstream.rotation(self.peers.clock.now()) {
            let now = self.peers.clock.now();
            let mut sending = self
                .client
                .post(format!("{}{PATH}", upstream.origin(replica)))
                .header(header::CONTENT_TYPE, Encoding::Protobuf.content_type())
                .header(REQUEST_ID.as_str(), request_id);
            for (name, value) in self.peers.key.headers(identity, &Method::POST, PATH, now) {
                sending = sending.header(name.as_str(), value);
            }
            match sending.body(body.clone()).send().await {
                Ok(response) => return read(response).await,
                Err(error) => {
                    if error.is_connect() || error.is_timeout() {
                        upstream.unreachable(replica, self.peers.clock.now());
                    }
                    tracing::warn!(
                        replica = upstream.origin(replica),
                        error = chain(&error),
                        "replica unreachable"
                    );
                    let late = error.is_timeout();
                    failure = ApiError::Unavailable(error.into());
                    if late {
                        // The replica is busy or lost the request; retrying would double the load.
                        break;
                    }
                }
            }
        }
        Err(failure)
    }
}

async fn read(response: reqwest::Response) -> Result<Forwarded, ApiError> {
    let succeeded = response.status().is_success();
    let retry_after = response.headers().get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
    let body = response.bytes().await.map_err(|error| ApiError::Unavailable(error.into()))?;
    if succeeded {
        return Ok(Forwarded::Accepted(body));
    }
    let status = prost::Message::decode(body).map_err(|error| ApiError::Unavailable(error.into()))?;
    Ok(Forwarded::Rejected { status, retry_after })
}
