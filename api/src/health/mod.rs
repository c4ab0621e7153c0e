//! Liveness, readiness and metrics endpoints.

pub mod dependency;
pub mod scrape;

use actix_web::{HttpResponse, web::Data};
use futures_util::future::join_all;
use serde_json::json;

use self::dependency::Dependency;

/// Liveness: reports that the process responds. Checks no dependencies.
#[utoipa::path(get, path = "/health", operation_id = "health_get", tag = "Operation", responses((status = 200, description = "Alive")))]
pub async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}

/// Readiness: checks all dependencies and reports the state of each by name.
#[utoipa::path(
    get, path = "/ready", operation_id = "readiness_get", tag = "Operation",
    responses(
        (status = 200, description = "`ready`, or `degraded`: an optional dependency is down"),
        (status = 503, description = "`not ready`: a required dependency is down"),
    )
)]
pub async fn ready(dependencies: Data<Vec<Dependency>>) -> HttpResponse {
    let checks = join_all(dependencies.iter().map(async |dependency| {
        let result = dependency.check().await;
        if let Err(error) = &result {
            tracing::error!(dependency = dependency.name(), error, "dependency check failed");
        }
        (dependency, result.is_ok())
    }))
    .await;
    let down = || checks.iter().filter(|(_, up)| !up).map(|(dependency, _)| dependency);
    let ready = !down().any(|dependency| dependency.is_required);
    let status = match (ready, down().next()) {
        (true, None) => "ready",
        (true, Some(_)) => "degraded",
        (false, _) => "not ready",
    };
    let states: serde_json::Map<_, _> = checks
        .iter()
        .map(|(dependency, up)| (dependency.name().to_owned(), json!(if *up { "up" } else { "down" })))
        .collect();
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.json(json!({"status": status, "dependencies": states}))
}
