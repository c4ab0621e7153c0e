//! The route table.

use actix_web::{
    Error, FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, Route,
    body::MessageBody,
    dev::{HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse},
    error::{JsonPayloadError, PathError, QueryPayloadError},
    guard::Post,
    middleware::{Compress, Condition, from_fn},
    web::{self, Data, JsonConfig, PathConfig, QueryConfig, ServiceConfig, delete, get, patch, post},
};
use shared::limit;

use crate::{
    access::{allowed_methods, authorize},
    error::ApiError,
    gateway::{
        account, api_key, asset, audit, authenticate::authenticate, invitation, login_session, member, oidc,
        password, rate_limit::rate_limit, workspace,
    },
    health,
    ingestion::{
        body::{self, BodyLimit},
        otlp, rest,
    },
    internal::{forward, receive::receive},
    openapi,
    process_state::ProcessState,
    query::{
        activity, alert, alert_channel, alert_recipient, alert_rule, chart, kpi, price, reprice, session,
        span, trace,
    },
};

/// Adds all routes. Requests for roles of other processes are forwarded by the gateway, and 404 in all other processes.
pub fn configure(config: &mut ServiceConfig, state: &ProcessState) {
    config
        .app_data(
            JsonConfig::default()
                .limit(limit::BODY_BYTES)
                .error_handler(|error, _| json_error(&error).into()),
        )
        .app_data(QueryConfig::default().error_handler(|error, _| query_error(&error).into()))
        .app_data(PathConfig::default().error_handler(|error, _| path_error(&error).into()));
    provide(config, state);
    config
        .service(compressible_resource("/health").route(get().to(health::health)))
        .service(compressible_resource("/ready").route(get().to(health::ready)));
    if state.metrics_access.port.is_none() {
        config.service(compressible_resource("/metrics").route(get().to(health::scrape::metrics)));
    }
    if state.gateway.is_some() {
        config
            .route("/openapi.json", get().to(openapi::document))
            .service(web::redirect("/docs", "/docs/"))
            .service(
                web::scope("/docs").wrap(openapi::page_policy()).route("/{file:.*}", get().to(openapi::page)),
            );
    }
    config.service(api(state)).service(opentelemetry(state)).default_service(match state.assets {
        Some(_) => web::to(asset::serve),
        None => web::to(not_served),
    });
}

/// Adds the route of the port for metrics.
pub fn configure_metrics(config: &mut ServiceConfig, state: &ProcessState) {
    config
        .app_data(state.metrics.clone())
        .app_data(state.metrics_access.clone())
        .route("/metrics", get().to(health::scrape::metrics))
        .default_service(web::to(async || {
            Err::<String, _>(ApiError::NotFound("Only /metrics is served here"))
        }));
}

/// Adds the state of the handlers.
fn provide(config: &mut ServiceConfig, state: &ProcessState) {
    config
        .app_data(state.metrics.clone())
        .app_data(state.metrics_access.clone())
        .app_data(state.dependencies.clone());
    provide_if_some(config, state.gateway.as_ref());
    provide_if_some(config, state.assets.as_ref());
    provide_if_some(config, state.receive.as_ref());
    provide_if_some(config, state.ingestion.as_ref());
    provide_if_some(config, state.query.as_ref());
    if let Some(peers) = &state.peers {
        config.app_data(Data::new(peers.for_worker()));
    }
}

fn provide_if_some<T: 'static>(config: &mut ServiceConfig, state: Option<&Data<T>>) {
    if let Some(state) = state {
        config.app_data(state.clone());
    }
}

fn api(state: &ProcessState) -> impl HttpServiceFactory + use<> {
    let elsewhere = |to| if state.peers.is_some() { to } else { Destination::NotServed };
    let gateway = if state.gateway.is_some() { Destination::Local } else { Destination::NotServed };
    let ingestion =
        if state.ingestion.is_some() { Destination::Local } else { elsewhere(Destination::Ingestion) };
    let query = if state.query.is_some() { Destination::Local } else { elsewhere(Destination::Query) };
    web::scope("/api/v1")
        .wrap(Condition::new(state.gateway.is_some(), from_fn(audit::record)))
        .wrap(from_fn(authorize))
        .wrap(Condition::new(state.gateway.is_some(), from_fn(rate_limit)))
        .wrap(Condition::new(state.gateway.is_some(), from_fn(authenticate)))
        .wrap(Condition::new(state.receive.is_some(), from_fn(receive)))
        .service(resource("/auth/options").route(gateway.at(get(), account::options)))
        .service(resource("/auth/register").route(gateway.at(post(), account::register)))
        .service(resource("/auth/login").route(gateway.at(post(), account::login)))
        .service(resource("/auth/oidc/login").route(gateway.at(get(), oidc::start)))
        .service(resource("/auth/oidc/callback").route(gateway.at(get(), oidc::finish)))
        .service(resource("/auth/oidc/token").route(gateway.at(post(), oidc::create_token)))
        .service(resource("/auth/refresh").route(gateway.at(post(), account::refresh)))
        .service(
            resource("/auth/me")
                .route(gateway.at(get(), account::get))
                .route(gateway.at(patch(), account::update))
                .route(gateway.at(delete(), account::delete)),
        )
        .service(resource("/auth/password").route(gateway.at(post(), password::update)))
        .service(resource("/auth/password/forgot").route(gateway.at(post(), password::forget)))
        .service(resource("/auth/password/reset").route(gateway.at(post(), password::reset)))
        .service(resource("/auth/sessions").route(gateway.at(get(), login_session::list)))
        .service(resource("/auth/sessions/{id}").route(gateway.at(delete(), login_session::delete)))
        .service(resource("/auth/logout").route(gateway.at(post(), login_session::end)))
        .service(resource("/auth/logout-all").route(gateway.at(post(), login_session::end_all)))
        .service(resource("/auth/switch").route(gateway.at(post(), workspace::switch)))
        .service(
            resource("/workspaces")
                .route(gateway.at(get(), workspace::list))
                .route(gateway.at(post(), workspace::create)),
        )
        .service(resource("/workspaces/{id}").route(gateway.at(patch(), workspace::update)))
        .service(resource("/members").route(gateway.at(get(), member::list)))
        .service(resource("/members/me").route(gateway.at(delete(), member::leave)))
        .service(
            resource("/members/{user_id}")
                .route(gateway.at(patch(), member::update))
                .route(gateway.at(delete(), member::delete)),
        )
        .service(
            resource("/invitations")
                .route(gateway.at(get(), invitation::list))
                .route(gateway.at(post(), invitation::create)),
        )
        .service(resource("/invitations/lookup").route(gateway.at(get(), invitation::lookup)))
        .service(resource("/invitations/accept").route(gateway.at(post(), invitation::accept)))
        .service(resource("/invitations/{id}").route(gateway.at(delete(), invitation::delete)))
        .service(resource("/audit").route(gateway.at(get(), audit::list)))
        .service(
            resource("/api-keys")
                .route(gateway.at(get(), api_key::list))
                .route(gateway.at(post(), api_key::create)),
        )
        .service(resource("/api-keys/{id}").route(gateway.at(delete(), api_key::delete)))
        .service(resource("/metrics/home-kpis").route(query.at(get(), kpi::get)))
        .service(resource("/metrics/timeseries").route(query.at(get(), chart::get_timeseries)))
        .service(resource("/metrics/breakdown").route(query.at(get(), chart::get_breakdown)))
        .service(resource("/alerts").route(compressed(query.at(get(), alert::list))))
        .service(resource("/alerts/recent").route(query.at(get(), alert::list_recent)))
        .service(resource("/alerts/{id}").route(query.at(get(), alert::get)))
        .service(resource("/alerts/{id}/deliveries").route(query.at(get(), alert::list_deliveries)))
        .service(resource("/alerts/{id}/acknowledge").route(query.at(post(), alert::acknowledge)))
        .service(
            resource("/alert-rules")
                .route(compressed(query.at(get(), alert_rule::list)))
                .route(query.at(post(), alert_rule::create)),
        )
        .service(resource("/alert-rules/preview").route(compressed(query.at(post(), alert_rule::preview))))
        .service(
            resource("/alert-rules/{id}")
                .route(query.at(get(), alert_rule::get))
                .route(query.at(patch(), alert_rule::update))
                .route(query.at(delete(), alert_rule::delete)),
        )
        .service(
            resource("/alert-channels")
                .route(query.at(get(), alert_channel::list))
                .route(query.at(post(), alert_channel::create)),
        )
        .service(
            resource("/alert-channels/{id}")
                .route(query.at(get(), alert_channel::get))
                .route(query.at(patch(), alert_channel::update))
                .route(query.at(delete(), alert_channel::delete)),
        )
        .service(resource("/alert-channels/{id}/test").route(query.at(post(), alert_channel::test)))
        .service(
            resource("/alert-channels/{id}/deliveries")
                .route(query.at(get(), alert_channel::list_deliveries)),
        )
        .service(
            resource("/alert-channels/{id}/confirmations").route(query.at(post(), alert_recipient::resend)),
        )
        .service(resource("/alert-recipients/confirm").route(match query {
            // Recipients have no account.
            Destination::Query => post().to(forward::query_without_login),
            _ => query.at(post(), alert_recipient::confirm),
        }))
        .service(
            resource("/prices").route(query.at(get(), price::list)).route(query.at(post(), price::create)),
        )
        .service(resource("/prices/lookup").route(query.at(get(), price::lookup)))
        .service(
            resource("/prices/reprice")
                .route(query.at(get(), reprice::list))
                .route(query.at(post(), reprice::create)),
        )
        .service(resource("/prices/{id}").route(query.at(delete(), price::delete)))
        .service(resource("/activity/stream").route(query.at(get(), activity::list)))
        .service(
            compressible_resource("/traces")
                .app_data(BodyLimit(limit::TRACE_BYTES))
                .route(compressed(query.at(get(), trace::list)))
                .route(ingestion.at(post(), rest::create)),
        )
        // This resource handles only POST, since `batch` is also a valid trace id.
        .service(
            compressible_resource("/traces/batch")
                .guard(Post())
                .app_data(BodyLimit(limit::INGEST_BODY_BYTES))
                .route(ingestion.at(post(), rest::create_batch)),
        )
        .service(resource("/traces/{trace_id}").route(compressed(query.at(get(), trace::get))))
        .service(resource("/traces/{trace_id}/search").route(compressed(query.at(get(), span::search))))
        .service(resource("/traces/{trace_id}/spans/{span_id}").route(compressed(query.at(get(), span::get))))
        .service(resource("/sessions").route(compressed(query.at(get(), session::list_sessions))))
        .service(resource("/sessions/{session_id}").route(compressed(query.at(get(), session::get_session))))
        .service(resource("/users").route(compressed(query.at(get(), session::list_end_users))))
        .service(resource("/users/{user_id}").route(compressed(query.at(get(), session::get_end_user))))
        .service(resource("/traces/{trace_id}/scores").route(ingestion.at(post(), rest::create_score)))
}

/// The paths that OpenTelemetry exporters append to `OTEL_EXPORTER_OTLP_ENDPOINT`.
fn opentelemetry(state: &ProcessState) -> impl HttpServiceFactory + use<> {
    let elsewhere = if state.peers.is_some() { Destination::Ingestion } else { Destination::NotServed };
    let ingestion = if state.ingestion.is_some() { Destination::Local } else { elsewhere };
    web::scope("/v1")
        .wrap(from_fn(authorize))
        .wrap(Condition::new(state.gateway.is_some(), from_fn(rate_limit)))
        .wrap(Condition::new(state.gateway.is_some(), from_fn(authenticate)))
        .wrap(Condition::new(state.receive.is_some(), from_fn(receive)))
        .wrap(from_fn(otlp::status::convert_errors))
        .service(
            compressible_resource("/traces")
                .app_data(BodyLimit(limit::INGEST_BODY_BYTES))
                .route(ingestion.at(post(), otlp::http::export)),
        )
        // Some exporters are configured with a trailing slash.
        .service(
            web::resource("/traces/")
                .app_data(BodyLimit(limit::INGEST_BODY_BYTES))
                .route(ingestion.at(post(), otlp::http::export)),
        )
        .default_service(web::to(otlp::http::only_traces))
}

/// The process that handles the requests of a role.
#[derive(Clone, Copy)]
enum Destination {
    /// This process.
    Local,
    /// An ingestion process, to which requests are forwarded.
    Ingestion,
    /// A query process, to which requests are forwarded.
    Query,
    /// None that this process forwards to.
    NotServed,
}

impl Destination {
    /// Returns the route to `handler`, or to the handler that forwards to its process.
    fn at<F, Args>(self, route: Route, handler: F) -> Route
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        match self {
            Self::Local => route.to(handler),
            Self::Ingestion => route.to(forward::ingestion),
            Self::Query => route.to(forward::query),
            Self::NotServed => route.to(not_served),
        }
    }
}

/// Returns a route with compressed responses.
fn compressed(route: Route) -> Route {
    route.wrap(Compress::default())
}

async fn not_served() -> Result<HttpResponse, ApiError> {
    Err(ApiError::NotFound("Not served by this role; use the gateway"))
}

/// Returns a resource that rejects compressed bodies, and responds to unsupported methods with 405 and an `ErrorBody`.
fn resource(
    path: &str,
) -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    compressible_resource(path).wrap(from_fn(body::plain))
}

/// Returns a resource that accepts compressed bodies: its handlers read them with [`body::read`].
fn compressible_resource(path: &str) -> Resource {
    web::resource(path).default_service(web::to(method_not_allowed))
}

async fn method_not_allowed(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let methods = request.match_pattern().map(|pattern| allowed_methods(&pattern)).unwrap_or_default();
    Err(ApiError::MethodNotAllowed(methods))
}

fn json_error(error: &JsonPayloadError) -> ApiError {
    match error {
        JsonPayloadError::OverflowKnownLength { limit, .. } | JsonPayloadError::Overflow { limit } => {
            ApiError::PayloadTooLarge(*limit)
        }
        JsonPayloadError::Payload(error) => body::read_error(error),
        JsonPayloadError::ContentType => ApiError::UnsupportedMediaType(body::NOT_JSON),
        JsonPayloadError::Deserialize(error) if error.is_data() => {
            ApiError::invalid("body", error.to_string())
        }
        error => ApiError::BadRequest(format!("The body is not valid JSON: {error}")),
    }
}

fn query_error(error: &QueryPayloadError) -> ApiError {
    ApiError::BadRequest(format!("The query is invalid: {error}"))
}

fn path_error(_: &PathError) -> ApiError {
    ApiError::NotFound("Not found: the path contains an invalid id")
}
