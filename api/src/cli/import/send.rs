//! Sends batches: with retries if the server is busy or unreachable, and in halves if it rejects a whole batch.

use std::{
    error::Error,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{error::chain, secret::Secret};
use reqwest::{Client, Response, StatusCode, header::RETRY_AFTER};
use shared::{error::ErrorBody, ingest::IngestResponse};

use super::{batch::Batch, report::Report};

/// The maximum number of attempts of a request.
const MAX_ATTEMPTS: u32 = 8;
/// The maximum number of attempts with a server that has never responded; its URL is probably wrong.
const MAX_FIRST_ATTEMPTS: u32 = 3;
/// The first delay; it doubles with every attempt.
const INITIAL_DELAY: Duration = Duration::from_millis(500);
/// The maximum of these delays.
const MAX_DELAY: Duration = Duration::from_secs(8);
/// The maximum delay that a server may request.
const MAX_REQUESTED_DELAY: Duration = Duration::from_secs(60);

/// Why the import cannot continue.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ImportError(pub String);

/// The destination of traces.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The HTTP client.
    pub client: Client,
    /// The endpoint for batches.
    pub url: String,
    /// The API key.
    pub key: Secret,
    /// Whether the server has ever responded.
    pub has_responded: Arc<AtomicBool>,
}

/// The result of one attempt.
enum Attempt {
    Accepted(IngestResponse),
    /// The server will never accept this body.
    Rejected(String),
    /// The server may accept the body later.
    Retry {
        why: String,
        delay: Option<Duration>,
    },
}

impl Sender {
    /// Sends a batch and returns the number of accepted traces; rejected ones are reported with their lines.
    ///
    /// # Errors
    /// Returns an error if no further batch would be accepted either.
    pub async fn send(&self, batch: &Batch, report: &Report) -> Result<u64, ImportError> {
        let mut accepted = 0;
        let whole = 0..batch.len();
        let mut parts = vec![whole];
        while let Some(part) = parts.pop() {
            match self.send_part(batch, part.clone(), report).await? {
                Ok(response) => {
                    accepted += response.accepted as u64;
                    for rejection in response.rejected {
                        report.record_invalid(batch.number(part.start + rejection.index), &rejection.detail);
                    }
                }
                Err(detail) if part.len() == 1 => report.record_invalid(batch.number(part.start), &detail),
                // A line makes the server reject the whole batch; halving finds it.
                Err(_) => {
                    let middle = part.start + part.len() / 2;
                    parts.extend([middle..part.end, part.start..middle]);
                }
            }
        }
        Ok(accepted)
    }

    async fn send_part(
        &self,
        batch: &Batch,
        part: Range<usize>,
        report: &Report,
    ) -> Result<Result<IngestResponse, String>, ImportError> {
        let mut delay = INITIAL_DELAY;
        for attempt in 1.. {
            match self.attempt(batch.body(part.clone())).await? {
                Attempt::Accepted(response) => return Ok(Ok(response)),
                Attempt::Rejected(detail) => return Ok(Err(detail)),
                Attempt::Retry { why, .. } if attempt >= self.max_attempts() => {
                    return Err(ImportError(format!("{why}; failed after {attempt} attempts")));
                }
                Attempt::Retry { why, delay: requested } => {
                    let now = requested.unwrap_or(delay).min(MAX_REQUESTED_DELAY);
                    report.report_wait(&why, now);
                    tokio::time::sleep(now).await;
                    delay = (delay * 2).min(MAX_DELAY);
                }
            }
        }
        Err(ImportError("nothing was sent".to_owned()))
    }

    fn max_attempts(&self) -> u32 {
        if self.has_responded.load(Ordering::Relaxed) { MAX_ATTEMPTS } else { MAX_FIRST_ATTEMPTS }
    }

    /// The innermost cause is the clearest: connection refused, unknown name, timeout.
    fn connection_failed(&self, error: &reqwest::Error) -> Attempt {
        let mut cause: &dyn Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Attempt::Retry { why: format!("{} does not respond: {cause}", self.url), delay: None }
    }

    async fn attempt(&self, body: Vec<u8>) -> Result<Attempt, ImportError> {
        let request = self.client.post(&self.url).bearer_auth(self.key.expose());
        let sent = request.header("Content-Type", "application/json").body(body).send().await;
        let response = match sent {
            Ok(response) => response,
            Err(error) if error.is_builder() => {
                return Err(ImportError(format!("cannot build the request: {}", chain(&error))));
            }
            Err(error) => return Ok(self.connection_failed(&error)),
        };
        self.has_responded.store(true, Ordering::Relaxed);
        let status = response.status();
        let url = &self.url;
        match status {
            StatusCode::OK | StatusCode::ACCEPTED => Ok(match response.json().await {
                Ok(response) => Attempt::Accepted(response),
                Err(error) if error.is_decode() => {
                    return Err(ImportError(format!("unexpected response from {url}; check --url: {error}")));
                }
                // It is unknown whether the batch was accepted; sending it again does not count it twice.
                Err(error) => Attempt::Retry { why: chain(&error), delay: None },
            }),
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
                Ok(Attempt::Rejected(detail(response).await))
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Ok(later(response).await),
            _ if status.is_server_error() => Ok(later(response).await),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(ImportError(format!("the API key was rejected ({status}): {}", detail(response).await)))
            }
            StatusCode::NOT_FOUND => Err(ImportError(format!("{url} does not exist; check --url"))),
            _ if status.is_redirection() => {
                let place = response
                    .headers()
                    .get("Location")
                    .and_then(|value| value.to_str().ok())
                    .unwrap_or("elsewhere");
                Err(ImportError(format!("{url} redirects to {place}; use the URL of that server")))
            }
            _ => Err(ImportError(format!("{url} responded {status}: {}", detail(response).await))),
        }
    }
}

async fn later(response: Response) -> Attempt {
    let seconds =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let status = response.status();
    Attempt::Retry {
        why: format!("{status}: {}", detail(response).await),
        delay: seconds.map(Duration::from_secs),
    }
}

/// Returns the error in the response, with the fields it names.
async fn detail(response: Response) -> String {
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    match serde_json::from_str::<ErrorBody>(&text) {
        Ok(body) if body.fields.is_empty() => body.detail,
        Ok(body) => {
            let fields: Vec<_> =
                body.fields.iter().map(|field| format!("{} {}", field.field, field.detail)).collect();
            fields.join("; ")
        }
        Err(_) => status.canonical_reason().unwrap_or("no details").to_owned(),
    }
}
