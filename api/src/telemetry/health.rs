//! Whether the server is alive, and whether what it needs is.

use actix_web::{HttpResponse, web::Data};
use futures_util::future::join_all;
use serde_json::json;

use super::{dependency::Dependency, metrics::Metrics};
use crate::error::ApiError;

/// Says that the process answers; asks nothing of anybody else.
#[utoipa::path(get, path = "/health", tag = "Operation", responses((status = 200, description = "Alive")))]
pub async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}

/// Asks everything the server needs, and says of each by name whether it answers.
#[utoipa::path(
    get, path = "/ready", tag = "Operation",
    responses((status = 200, description = "Everything answers"), (status = 503, description = "Something does not"))
)]
pub async fn ready(dependencies: Data<Vec<Dependency>>) -> HttpResponse {
    let checks = join_all(dependencies.iter().map(async |dependency| {
        let result = dependency.check().await;
        if let Err(error) = &result {
            tracing::error!(dependency = dependency.name(), error, "not ready");
        }
        (dependency.name(), result.is_ok())
    }))
    .await;
    let ready = checks.iter().all(|&(_, up)| up);
    let states: serde_json::Map<_, _> = checks
        .into_iter()
        .map(|(name, up)| (name.to_owned(), json!(if up { "up" } else { "down" })))
        .collect();
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.json(json!({"status": if ready { "ready" } else { "not ready" }, "dependencies": states}))
}

/// The metrics in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "Operation", responses((status = 200, description = "The metrics", content_type = "text/plain")))]
pub async fn metrics(metrics: Data<Metrics>) -> Result<HttpResponse, ApiError> {
    let text = metrics.text().map_err(|error| ApiError::Internal(error.into()))?;
    Ok(HttpResponse::Ok()
        .insert_header(("Content-Type", "text/plain; version=0.0.4; charset=utf-8"))
        .body(text))
}
