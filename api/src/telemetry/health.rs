//! Whether the server is alive, and whether what it needs is.

use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use crate::{
    error::{ApiError, chain},
    startup::App,
};

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
pub async fn ready(app: Data<App>) -> HttpResponse {
    let accounts = app.accounts.ping().await.map_err(|error| chain(&error));
    let traces = app.traces.ping().await.map_err(|error| chain(&error));
    let all = [("accounts", accounts), ("traces", traces)];
    let up = all.iter().all(|(_, result)| result.is_ok());
    let checks: serde_json::Map<_, _> = all
        .into_iter()
        .map(|(name, result)| {
            if let Err(error) = &result {
                tracing::error!(dependency = name, error, "not ready");
            }
            (name.to_owned(), json!(if result.is_ok() { "up" } else { "down" }))
        })
        .collect();
    let mut response = if up { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.json(json!({"status": if up { "ready" } else { "not ready" }, "dependencies": checks}))
}

/// The metrics in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "Operation", responses((status = 200, description = "The metrics", content_type = "text/plain")))]
pub async fn metrics(app: Data<App>) -> Result<HttpResponse, ApiError> {
    let text = app.metrics.text().map_err(|error| ApiError::Internal(error.into()))?;
    Ok(HttpResponse::Ok()
        .insert_header(("Content-Type", "text/plain; version=0.0.4; charset=utf-8"))
        .body(text))
}
