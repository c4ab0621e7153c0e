//! The REST endpoints for traces and scores. A handler responds once the accepted data is durable.

use actix_web::{
    HttpRequest,
    web::{self, Data, Json, Path},
};
use domain::trace::record::NewTrace;
use ingest::field::Arrival;
use serde::Deserialize;
use serde_json::value::RawValue;
use shared::{
    error::ErrorBody,
    ingest::{IngestResponse, Rejection, TraceBatch},
    limit,
    trace::{ScoreRequest, TraceInput},
};

use super::{State, body};
use crate::{auth::identity::Identity, error::ApiError, response::Accepted};

/// Larger bodies are parsed on a blocking thread.
const PARSE_INLINE_BYTES: usize = 256 * 1024;

/// Creates a trace.
#[utoipa::path(
    post, path = "/api/v1/traces", operation_id = "trace_create", tag = "Ingestion", request_body = TraceInput,
    responses(
        (status = 202, description = "Accepted and durable", body = IngestResponse),
        (status = 503, description = "The queue is full; retry after Retry-After", body = ErrorBody),
    )
)]
pub async fn create(
    app: Data<State>,
    identity: Identity,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<Accepted<Json<IngestResponse>>, ApiError> {
    let body = body::read_json(&request, payload.into_inner()).await?;
    let arrival = arrival(&app, &identity);
    let raw: &RawValue = serde_json::from_slice(&body).map_err(bad_json)?;
    let trace = ingest::rest::trace(raw, arrival).map_err(ApiError::ValidationFailed)?;
    let trace_id = trace.trace_id.clone();
    app.queue.push(vec![trace]).await?;
    app.metrics.record_traces(1, 0);
    Ok(Accepted(Json(IngestResponse { accepted: 1, rejected: Vec::new(), trace_id: Some(trace_id) })))
}

/// Creates up to 1000 traces; invalid ones are reported and do not reject the others.
#[utoipa::path(
    post, path = "/api/v1/traces/batch", operation_id = "trace_batch_create", tag = "Ingestion",
    request_body = TraceBatch,
    responses(
        (status = 202, description = "The accepted traces are durable", body = IngestResponse),
        (status = 422, description = "Not a batch, or more than 1000 traces", body = ErrorBody),
        (status = 503, description = "The queue is full; retry after Retry-After", body = ErrorBody),
    )
)]
pub async fn create_batch(
    app: Data<State>,
    identity: Identity,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<Accepted<Json<IngestResponse>>, ApiError> {
    let body = body::read_json(&request, payload.into_inner()).await?;
    let arrival = arrival(&app, &identity);
    let (traces, rejected) = if body.len() <= PARSE_INLINE_BYTES {
        read_batch(&body, arrival)?
    } else {
        web::block(move || read_batch(&body, arrival)).await.map_err(ApiError::internal)??
    };
    let accepted = traces.len();
    app.queue.push(traces).await?;
    app.metrics.record_traces(accepted, rejected.len());
    Ok(Accepted(Json(IngestResponse { accepted, rejected, trace_id: None })))
}

/// Records a score of a trace, which may arrive later.
#[utoipa::path(
    post, path = "/api/v1/traces/{trace_id}/scores", operation_id = "score_create", tag = "Ingestion",
    request_body = ScoreRequest,
    params(("trace_id" = String, Path, description = "The id of the trace")),
    responses(
        (status = 202, description = "Accepted and durable", body = IngestResponse),
    )
)]
pub async fn create_score(
    app: Data<State>,
    identity: Identity,
    trace_id: Path<String>,
    request: Json<ScoreRequest>,
) -> Result<Accepted<Json<IngestResponse>>, ApiError> {
    let score = ingest::rest::score(&trace_id, request.into_inner(), arrival(&app, &identity))
        .map_err(ApiError::ValidationFailed)?;
    app.queue.score(score).await?;
    let trace_id = Some(trace_id.into_inner());
    Ok(Accepted(Json(IngestResponse { accepted: 1, rejected: Vec::new(), trace_id })))
}

fn arrival(app: &State, identity: &Identity) -> Arrival {
    Arrival { workspace_id: identity.workspace_id(), now: app.clock.now() }
}

fn read_batch(body: &[u8], arrival: Arrival) -> Result<(Vec<NewTrace>, Vec<Rejection>), ApiError> {
    #[derive(Deserialize)]
    struct Batch<'a> {
        #[serde(borrow)]
        traces: Vec<&'a RawValue>,
    }
    let batch: Batch<'_> = serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            ApiError::invalid("traces", format!("must be an array of traces: {error}"))
        } else {
            bad_json(error)
        }
    })?;
    if batch.traces.len() > limit::BATCH_TRACES {
        let found = batch.traces.len();
        let detail = format!("must have at most {} items, found {found}", limit::BATCH_TRACES);
        return Err(ApiError::invalid("traces", detail));
    }
    let mut traces = Vec::with_capacity(batch.traces.len());
    let mut rejected = Vec::new();
    for (index, raw) in batch.traces.into_iter().enumerate() {
        match ingest::rest::trace(raw, arrival) {
            Ok(trace) => traces.push(trace),
            Err(fields) => {
                rejected.push(Rejection { index, detail: ApiError::ValidationFailed(fields).to_string() });
            }
        }
    }
    Ok((traces, rejected))
}

#[expect(clippy::needless_pass_by_value, reason = "map_err passes the error by value")]
fn bad_json(error: serde_json::Error) -> ApiError {
    ApiError::BadRequest(format!("The body is not valid JSON: {error}"))
}
