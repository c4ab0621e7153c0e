//! OTLP over HTTP: `POST /v1/traces` in protobuf or JSON.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Data, Payload},
};

use super::{State, encoding::Encoding, take};
use crate::{error::ApiError, gateway::identity::Sender, ingestion::body};

/// What a body of another type is told.
const EXPECTED: &str = "The body must be protobuf (Content-Type: application/x-protobuf) or JSON (application/json); gRPC \
                        has a port of its own, OTLP_GRPC_PORT";

/// Takes spans of OpenTelemetry's.
#[utoipa::path(
    post, path = "/v1/traces", tag = "Ingestion",
    request_body(
        description = "An `ExportTraceServiceRequest` of OTLP, in protobuf or JSON; `Content-Encoding: gzip` and `deflate` are taken",
        content(("application/x-protobuf"), (Object = "application/json")),
    ),
    security(("jwt" = []), ("api_key" = [])),
    responses(
        (status = 200, description = "An `ExportTraceServiceResponse`: what it does not reject is stored, for good"),
        (status = 400, description = "Cannot be read; never to be sent again. All errors are a `google.rpc.Status`"),
        (status = 401, description = "No or bad credentials"),
        (status = 413, description = "Too large"),
        (status = 415, description = "Neither protobuf nor JSON, or another Content-Encoding"),
        (status = 429, description = "Over the rate limit; Retry-After says when to send again"),
        (status = 503, description = "Too much is waiting; Retry-After says when to send again"),
    )
)]
pub async fn export(
    app: Data<State>,
    sender: Sender,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let encoding = Encoding::of(&request).ok_or(ApiError::UnsupportedMediaType(EXPECTED));
    let (body, encoding) = body::read(&request, payload.into_inner(), encoding).await?;
    let answer = take(&app, sender, encoding, body).await?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, encoding.content_type())).body(answer))
}

/// What exporters of metrics and logs are told.
///
/// # Errors
/// Always: 404, which is not sent again.
pub async fn only_traces() -> Result<HttpResponse, ApiError> {
    Err(ApiError::NotFound(
        "Only traces are taken here: switch this exporter off (OTEL_METRICS_EXPORTER=none, OTEL_LOGS_EXPORTER=none)",
    ))
}
