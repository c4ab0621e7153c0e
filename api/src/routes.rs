//! The route table: all of it.

use actix_web::{
    error::{JsonPayloadError, PathError, QueryPayloadError},
    guard::Post,
    middleware::{Compress, from_fn},
    web::{self, JsonConfig, PathConfig, QueryConfig, ServiceConfig, delete, get, post},
};
use shared::{error::FieldError, limit};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    error::ApiError,
    gateway::{api_key, asset, auth, authenticate::authenticate, rate_limit::rate_limit},
    ingestion::rest,
    openapi,
    query::{activity, alert, chart, kpi, trace},
    telemetry::health,
};

/// Adds every route.
pub fn configure(config: &mut ServiceConfig) {
    config
        .app_data(
            JsonConfig::default()
                .limit(limit::BODY_BYTES)
                .error_handler(|error, _| json_error(&error).into()),
        )
        .app_data(QueryConfig::default().error_handler(|error, _| query_error(&error).into()))
        .app_data(PathConfig::default().error_handler(|error, _| path_error(&error).into()))
        .route("/health", get().to(health::health))
        .route("/ready", get().to(health::ready))
        .route("/metrics", get().to(health::metrics))
        .route("/openapi.json", get().to(openapi::document))
        .service(web::redirect("/docs", "/docs/"))
        .service(
            web::scope("/docs")
                .wrap(openapi::page_policy())
                .service(SwaggerUi::new("/{_:.*}").config(Config::from("/openapi.json"))),
        )
        .service(
            web::scope("/api/v1")
                .wrap(from_fn(rate_limit))
                .wrap(from_fn(authenticate))
                .service(resource("/auth/register").route(post().to(auth::register)))
                .service(resource("/auth/login").route(post().to(auth::login)))
                .service(resource("/auth/refresh").route(post().to(auth::refresh)))
                .service(resource("/auth/me").route(get().to(auth::me)))
                .service(
                    resource("/api-keys").route(get().to(api_key::list)).route(post().to(api_key::create)),
                )
                .service(resource("/api-keys/{id}").route(delete().to(api_key::revoke)))
                .service(resource("/metrics/home-kpis").route(get().to(kpi::home)))
                .service(resource("/metrics/timeseries").route(get().to(chart::timeseries)))
                .service(resource("/metrics/breakdown").route(get().to(chart::breakdown)))
                .service(resource("/alerts/recent").route(get().to(alert::recent)))
                .service(resource("/activity/stream").route(get().to(activity::stream)))
                .service(
                    resource("/traces")
                        .route(get().to(trace::list).wrap(Compress::default()))
                        .route(post().to(rest::one)),
                )
                // For POST alone: a trace may be called "batch", too.
                .service(resource("/traces/batch").guard(Post()).route(post().to(rest::batch)))
                .service(
                    resource("/traces/{trace_id}").route(get().to(trace::detail).wrap(Compress::default())),
                )
                .service(resource("/traces/{trace_id}/scores").route(post().to(rest::score))),
        )
        .default_service(web::to(asset::serve));
}

/// A path that answers 405, in the shape of all errors, to methods that it has no route for.
fn resource(path: &str) -> actix_web::Resource {
    web::resource(path).default_service(web::to(async || Err::<String, _>(ApiError::MethodNotAllowed)))
}

fn json_error(error: &JsonPayloadError) -> ApiError {
    match error {
        JsonPayloadError::OverflowKnownLength { limit, .. } | JsonPayloadError::Overflow { limit } => {
            ApiError::PayloadTooLarge(*limit)
        }
        JsonPayloadError::ContentType => ApiError::UnsupportedMediaType,
        JsonPayloadError::Deserialize(error) if error.is_data() => {
            ApiError::ValidationFailed(vec![FieldError::new("body", error.to_string())])
        }
        error => ApiError::BadRequest(format!("The body is not valid JSON: {error}")),
    }
}

fn query_error(error: &QueryPayloadError) -> ApiError {
    ApiError::BadRequest(format!("The query cannot be read: {error}"))
}

fn path_error(_: &PathError) -> ApiError {
    ApiError::NotFound("There is nothing by that name")
}
