//! OTLP over HTTP: `POST /v1/traces` in protobuf or JSON.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Data, Payload},
};

use super::{State, encoding, ingest};
use crate::{auth::identity::Identity, error::ApiError, ingestion::body};

/// The detail of the 415 response.
const EXPECTED: &str = "The body must be protobuf (Content-Type: application/x-protobuf) or JSON (application/json); gRPC \
                        uses another port, OTLP_GRPC_PORT";

/// Ingests OTLP spans.
#[utoipa::path(
    post, path = "/v1/traces", operation_id = "otlp_trace_create", tag = "Ingestion",
    request_body(
        description = "An `ExportTraceServiceRequest` of OTLP, in protobuf or JSON; `Content-Encoding: gzip` and `deflate` are supported",
        content(("application/x-protobuf"), (Object = "application/json")),
    ),
    responses(
        (status = 200, description = "An `ExportTraceServiceResponse`: all spans that it does not reject are durable"),
        (status = 400, description = "Malformed; do not retry. All errors are a `google.rpc.Status`"),
        (status = 401, description = "Missing or invalid credentials"),
        (status = 408, description = "The body was not received in time"),
        (status = 413, description = "Too large"),
        (status = 415, description = "Neither protobuf nor JSON, or another Content-Encoding"),
        (status = 429, description = "Rate limit exceeded; retry after Retry-After"),
        (status = 503, description = "The queue is full; retry after Retry-After"),
    )
)]
pub async fn export(
    app: Data<State>,
    identity: Identity,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let encoding = encoding::requested(&request).ok_or(ApiError::UnsupportedMediaType(EXPECTED));
    let (body, encoding) = body::read(&request, payload.into_inner(), encoding).await?;
    let response = ingest(&app, identity.workspace_id(), encoding, body).await?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, encoding.content_type())).body(response))
}

/// Rejects exporters of metrics and logs, and spans at a wrong path.
///
/// # Errors
/// Always returns 404, which exporters do not retry.
pub async fn only_traces(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if request.path().ends_with("/v1/traces") {
        return Err(ApiError::WRONG_TRACES_PATH);
    }
    Err(ApiError::NotFound(
        "Only traces are accepted; disable this exporter (OTEL_METRICS_EXPORTER=none, OTEL_LOGS_EXPORTER=none)",
    ))
}
