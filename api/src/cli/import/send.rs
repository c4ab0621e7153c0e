//! Sending batches: again where the server asks for time or cannot be reached, in halves where it refuses a whole one.

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

/// How often one request is tried.
const ATTEMPTS: u32 = 8;
/// How often a server is tried that has never answered: its address is likely wrong.
const FIRST_ATTEMPTS: u32 = 3;
/// The first pause; the next ones are twice as long each.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest of these pauses.
const LAST_PAUSE: Duration = Duration::from_secs(8);
/// The longest pause that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Why the import cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Stop(pub String);

/// Where traces are sent to.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The client.
    pub client: Client,
    /// The endpoint that takes batches.
    pub url: String,
    /// The API key.
    pub key: Secret,
    /// Whether the server has ever answered.
    pub answered: Arc<AtomicBool>,
}

/// What came of one attempt.
enum Attempt {
    Taken(IngestResponse),
    /// This body will never be taken.
    Refused(String),
    /// It may be taken later.
    Later {
        why: String,
        pause: Option<Duration>,
    },
}

impl Sender {
    /// Sends a batch and returns how many traces were taken; the others are reported by their lines.
    ///
    /// # Errors
    /// Where no further batch would be taken either.
    pub async fn send(&self, batch: &Batch, report: &Report) -> Result<u64, Stop> {
        let mut taken = 0;
        let whole = 0..batch.len();
        let mut parts = vec![whole];
        while let Some(part) = parts.pop() {
            match self.send_part(batch, part.clone(), report).await? {
                Ok(answer) => {
                    taken += answer.accepted as u64;
                    for rejection in answer.rejected {
                        report.bad(batch.number(part.start + rejection.index), &rejection.detail);
                    }
                }
                Err(detail) if part.len() == 1 => report.bad(batch.number(part.start), &detail),
                // Something in it makes the server refuse all of it: the halves tell what.
                Err(_) => {
                    let middle = part.start + part.len() / 2;
                    parts.extend([middle..part.end, part.start..middle]);
                }
            }
        }
        Ok(taken)
    }

    async fn send_part(
        &self,
        batch: &Batch,
        part: Range<usize>,
        report: &Report,
    ) -> Result<Result<IngestResponse, String>, Stop> {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            match self.attempt(batch.body(part.clone())).await? {
                Attempt::Taken(answer) => return Ok(Ok(answer)),
                Attempt::Refused(detail) => return Ok(Err(detail)),
                Attempt::Later { why, .. } if attempt >= self.attempts() => {
                    return Err(Stop(format!("{why}; given up after {attempt} attempts")));
                }
                Attempt::Later { why, pause: asked } => {
                    let now = asked.unwrap_or(pause).min(LONGEST_PAUSE);
                    report.waiting(&why, now);
                    tokio::time::sleep(now).await;
                    pause = (pause * 2).min(LAST_PAUSE);
                }
            }
        }
        Err(Stop("nothing was sent".to_owned()))
    }

    fn attempts(&self) -> u32 {
        if self.answered.load(Ordering::Relaxed) { ATTEMPTS } else { FIRST_ATTEMPTS }
    }

    /// The innermost cause says it best: connection refused, name not known, timed out.
    fn unanswered(&self, error: &reqwest::Error) -> Attempt {
        let mut cause: &dyn Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Attempt::Later { why: format!("{} does not answer: {cause}", self.url), pause: None }
    }

    async fn attempt(&self, body: Vec<u8>) -> Result<Attempt, Stop> {
        let request = self.client.post(&self.url).bearer_auth(self.key.expose());
        let sent = request.header("Content-Type", "application/json").body(body).send().await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) if error.is_builder() => {
                return Err(Stop(format!("the request cannot be made: {}", chain(&error))));
            }
            Err(error) => return Ok(self.unanswered(&error)),
        };
        self.answered.store(true, Ordering::Relaxed);
        let status = answer.status();
        let url = &self.url;
        match status {
            StatusCode::OK | StatusCode::ACCEPTED => Ok(match answer.json().await {
                Ok(answer) => Attempt::Taken(answer),
                Err(error) if error.is_decode() => {
                    return Err(Stop(format!("{url} does not answer like Agent Observability: {error}")));
                }
                // Whether it was taken is not known; sending it again counts it once.
                Err(error) => Attempt::Later { why: chain(&error), pause: None },
            }),
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
                Ok(Attempt::Refused(detail(answer).await))
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Ok(later(answer).await),
            _ if status.is_server_error() => Ok(later(answer).await),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(Stop(format!("the API key is refused ({status}): {}", detail(answer).await)))
            }
            StatusCode::NOT_FOUND => Err(Stop(format!("{url} does not exist there: is --url right?"))),
            _ if status.is_redirection() => {
                let place = answer
                    .headers()
                    .get("Location")
                    .and_then(|value| value.to_str().ok())
                    .unwrap_or("elsewhere");
                Err(Stop(format!("{url} redirects to {place}: give --url that server's address")))
            }
            _ => Err(Stop(format!("{url} answers {status}: {}", detail(answer).await))),
        }
    }
}

async fn later(answer: Response) -> Attempt {
    let seconds =
        answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let status = answer.status();
    Attempt::Later {
        why: format!("{status}: {}", detail(answer).await),
        pause: seconds.map(Duration::from_secs),
    }
}

/// What the server says is wrong, field by field where it names them.
async fn detail(answer: Response) -> String {
    let status = answer.status();
    let text = answer.text().await.unwrap_or_default();
    match serde_json::from_str::<ErrorBody>(&text) {
        Ok(body) if body.fields.is_empty() => body.detail,
        Ok(body) => {
            let fields: Vec<_> =
                body.fields.iter().map(|field| format!("{} {}", field.field, field.detail)).collect();
            fields.join("; ")
        }
        Err(_) => status.canonical_reason().unwrap_or("no reason given").to_owned(),
    }
}
