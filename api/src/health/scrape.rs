//! The metrics endpoint, for Prometheus.

use actix_web::{HttpRequest, HttpResponse, http::header, web::Data};
use domain::secret::Secret;
use shared::error::ErrorBody;
use subtle::ConstantTimeEq;

use crate::{error::ApiError, gateway::authenticate::credentials_in, telemetry::metrics::Metrics};

/// Who may read the metrics, and where.
#[derive(Clone, Debug, Default)]
pub struct MetricsAccess {
    /// The required bearer token.
    pub token: Option<Secret>,
    /// The port that serves the metrics instead of the service port.
    pub port: Option<u16>,
}

impl MetricsAccess {
    fn check(&self, request: &HttpRequest) -> Result<(), ApiError> {
        let Some(token) = &self.token else { return Ok(()) };
        let sent = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let sent = credentials_in(sent, None).unwrap_or_default();
        let is_equal = bool::from(sent.as_bytes().ct_eq(token.expose().as_bytes()));
        if is_equal {
            Ok(())
        } else {
            Err(ApiError::Unauthorized("The metrics require METRICS_TOKEN as a bearer token"))
        }
    }
}

/// Metrics in the text format of Prometheus. Not served here if the server has `METRICS_PORT`; requires the bearer token if
/// it has `METRICS_TOKEN`.
///
/// # Errors
/// Returns 401 without the token.
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics_get", tag = "Operation",
    responses(
        (status = 200, description = "The metrics", content_type = "text/plain"),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
    )
)]
pub async fn metrics(
    metrics: Data<Metrics>,
    access: Data<MetricsAccess>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    access.check(&request)?;
    let text = metrics.text().map_err(ApiError::internal)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body(text))
}
