//! Handing spans that came over gRPC on to ingestion, as the HTTP request that it answers. They are in memory whole, and
//! none counts twice: so another replica is asked wherever one does not answer.

use actix_web::{http::Method, web::Bytes};
use reqwest::{Client, header};

use super::forward::Peers;
use crate::{
    error::{ApiError, chain},
    gateway::identity::{Identity, Sender},
    http,
    ingestion::otlp::{encoding::Encoding, status::Status},
    telemetry::request::REQUEST_ID,
};

/// What ingestion is asked for.
const PATH: &str = "/v1/traces";

/// Connections to the replicas of ingestion. Clones share them.
#[derive(Clone, Debug)]
pub struct HandOn {
    client: Client,
    peers: Peers,
}

/// What ingestion answered.
#[derive(Debug)]
pub enum Answer {
    /// It took them: the answer, in protobuf.
    Taken(Bytes),
    /// It did not.
    Refused {
        /// Why.
        status: Status,
        /// Seconds until it is worth trying again, where it is.
        retry_after: Option<u64>,
    },
}

impl HandOn {
    /// Connections to the ingestion of `peers`.
    ///
    /// # Errors
    /// Where no client can be made.
    pub fn new(peers: Peers) -> Result<Self, reqwest::Error> {
        // The roles are called by plain HTTP, and by no proxy.
        let client = http::client("http:").no_proxy().timeout(peers.timeout).build()?;
        Ok(Self { client, peers })
    }

    /// Hands on a request that came for `sender`.
    ///
    /// # Errors
    /// 503 where no replica answers.
    pub async fn spans(&self, sender: Sender, request_id: &str, body: Bytes) -> Result<Answer, ApiError> {
        let identity = Identity::ApiKey { workspace_id: sender.workspace_id };
        let upstream = &self.peers.ingestion;
        let mut failure = ApiError::Unavailable("no replica is configured".into());
        for replica in upstream.turn(self.peers.clock.now()) {
            let now = self.peers.clock.now();
            let mut sending = self
                .client
                .post(format!("{}{PATH}", upstream.origin(replica)))
                .header(header::CONTENT_TYPE, Encoding::Protobuf.content_type())
                .header(REQUEST_ID.as_str(), request_id);
            for (name, value) in self.peers.key.headers(&identity, &Method::POST, PATH, now) {
                sending = sending.header(name.as_str(), value);
            }
            match sending.body(body.clone()).send().await {
                Ok(answer) => return read(answer).await,
                Err(error) => {
                    if error.is_connect() || error.is_timeout() {
                        upstream.unreachable(replica, self.peers.clock.now());
                    }
                    tracing::warn!(replica = upstream.origin(replica), error = chain(&error), "not reached");
                    let late = error.is_timeout();
                    failure = ApiError::Unavailable(error.into());
                    if late {
                        // It is at work or lost: asking again would double the load.
                        break;
                    }
                }
            }
        }
        Err(failure)
    }
}

async fn read(answer: reqwest::Response) -> Result<Answer, ApiError> {
    let succeeded = answer.status().is_success();
    let retry_after = answer.headers().get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
    let body = answer.bytes().await.map_err(|error| ApiError::Unavailable(error.into()))?;
    if succeeded {
        return Ok(Answer::Taken(body));
    }
    let status = prost::Message::decode(body).map_err(|error| ApiError::Unavailable(error.into()))?;
    Ok(Answer::Refused { status, retry_after })
}
