//! The REST endpoints that traces and scores come in by. Each answers once nothing can
//! lose what it accepted.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Data, Path},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use shared::{
    error::{ErrorBody, FieldError},
    ingest::{IngestResponse, Rejection, TraceBatch},
    limit,
    trace::{ScoreRequest, TraceInput},
};

use super::{State, body, field::Arrival, parse};
use crate::{error::ApiError, gateway::identity::Sender, store::trace::record::NewTrace};

/// A body larger than this is parsed off the async threads.
const PARSE_INLINE_BYTES: usize = 256 * 1024;

/// Takes one trace.
#[utoipa::path(
    post, path = "/api/v1/traces", tag = "Ingestion", request_body = TraceInput,
    security(("jwt" = []), ("api_key" = [])),
    responses(
        (status = 202, description = "Stored, for good", body = IngestResponse),
        (status = 400, description = "Not JSON", body = ErrorBody),
        (status = 401, description = "No or bad credentials", body = ErrorBody),
        (status = 413, description = "Too large", body = ErrorBody),
        (status = 422, description = "Fields are wrong", body = ErrorBody),
        (status = 429, description = "Over the rate limit", body = ErrorBody),
        (status = 503, description = "Too much is waiting; Retry-After says when to send again", body = ErrorBody),
    )
)]
pub async fn one(
    app: Data<State>,
    sender: Sender,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let body = body::read_json(&request, payload.into_inner()).await?;
    let arrival = arrival(&app, &sender);
    let raw: &RawValue = serde_json::from_slice(&body).map_err(bad_json)?;
    let trace = parse::trace(raw, arrival).map_err(ApiError::ValidationFailed)?;
    let trace_id = trace.trace_id.clone();
    app.queue.push(vec![trace]).await?;
    app.metrics.ingested(1, 0);
    Ok(HttpResponse::Accepted().json(IngestResponse {
        accepted: 1,
        rejected: Vec::new(),
        trace_id: Some(trace_id),
    }))
}

/// Takes a batch of traces: the good ones are kept, the others named.
#[utoipa::path(
    post, path = "/api/v1/traces/batch", tag = "Ingestion", request_body = TraceBatch,
    security(("jwt" = []), ("api_key" = [])),
    responses(
        (status = 202, description = "The accepted ones are stored, for good", body = IngestResponse),
        (status = 400, description = "Not JSON", body = ErrorBody),
        (status = 401, description = "No or bad credentials", body = ErrorBody),
        (status = 413, description = "Too large", body = ErrorBody),
        (status = 422, description = "Not a batch, or more than 1000 traces", body = ErrorBody),
        (status = 429, description = "Over the rate limit", body = ErrorBody),
        (status = 503, description = "Too much is waiting; Retry-After says when to send again", body = ErrorBody),
    )
)]
pub async fn batch(
    app: Data<State>,
    sender: Sender,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let body = body::read_json(&request, payload.into_inner()).await?;
    let arrival = arrival(&app, &sender);
    let (traces, rejected) = if body.len() <= PARSE_INLINE_BYTES {
        read_batch(&body, arrival)?
    } else {
        web::block(move || read_batch(&body, arrival))
            .await
            .map_err(|error| ApiError::Internal(error.into()))??
    };
    let accepted = traces.len();
    app.queue.push(traces).await?;
    app.metrics.ingested(accepted, rejected.len());
    Ok(HttpResponse::Accepted().json(IngestResponse { accepted, rejected, trace_id: None }))
}

/// Keeps a score of a trace, whether the trace has come or not.
#[utoipa::path(
    post, path = "/api/v1/traces/{trace_id}/scores", tag = "Ingestion", request_body = ScoreRequest,
    params(("trace_id" = String, Path, description = "The trace that is judged")),
    security(("jwt" = []), ("api_key" = [])),
    responses(
        (status = 202, description = "Stored, for good", body = IngestResponse),
        (status = 401, description = "No or bad credentials", body = ErrorBody),
        (status = 422, description = "Fields are wrong", body = ErrorBody),
        (status = 429, description = "Over the rate limit", body = ErrorBody),
    )
)]
pub async fn score(
    app: Data<State>,
    sender: Sender,
    trace_id: Path<String>,
    request: web::Json<ScoreRequest>,
) -> Result<HttpResponse, ApiError> {
    let score = parse::score(&trace_id, request.into_inner(), arrival(&app, &sender))
        .map_err(ApiError::ValidationFailed)?;
    app.queue.score(score).await?;
    let trace_id = Some(trace_id.into_inner());
    Ok(HttpResponse::Accepted().json(IngestResponse { accepted: 1, rejected: Vec::new(), trace_id }))
}

fn arrival(app: &State, sender: &Sender) -> Arrival {
    Arrival { workspace_id: sender.workspace_id, now: app.clock.now() }
}

fn read_batch(body: &[u8], arrival: Arrival) -> Result<(Vec<NewTrace>, Vec<Rejection>), ApiError> {
    #[derive(Deserialize)]
    struct Batch<'a> {
        #[serde(borrow)]
        traces: Vec<&'a RawValue>,
    }
    let invalid = |detail: String| ApiError::ValidationFailed(vec![FieldError::new("traces", detail)]);
    let batch: Batch<'_> = serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            invalid(format!("must be an array of traces: {error}"))
        } else {
            bad_json(error)
        }
    })?;
    if batch.traces.len() > limit::BATCH_TRACES {
        return Err(invalid(format!("must be at most {}, not {}", limit::BATCH_TRACES, batch.traces.len())));
    }
    let mut traces = Vec::with_capacity(batch.traces.len());
    let mut rejected = Vec::new();
    for (index, raw) in batch.traces.into_iter().enumerate() {
        match parse::trace(raw, arrival) {
            Ok(trace) => traces.push(trace),
            Err(fields) => {
                rejected.push(Rejection { index, detail: ApiError::ValidationFailed(fields).to_string() });
            }
        }
    }
    Ok((traces, rejected))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn bad_json(error: serde_json::Error) -> ApiError {
    ApiError::BadRequest(format!("The body is not valid JSON: {error}"))
}
