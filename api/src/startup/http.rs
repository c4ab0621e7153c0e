//! The HTTP server: its port, and the middleware of all routes.

use std::{net::TcpListener, time::Duration};

use actix_cors::Cors;
use actix_web::{
    App, HttpServer,
    dev::Server,
    http::{Method, header},
    middleware::{Condition, from_fn},
};

use super::error::StartError;
use crate::{
    config::Config,
    gateway::header::security,
    process_state::ProcessState,
    routes,
    telemetry::request::{REQUEST_ID, observe},
};

/// The maximum duration of requests in flight once the server is stopping, in seconds.
pub(super) const SHUTDOWN_TIMEOUT_SECONDS: u64 = 15;
/// The timeout of idle connections. It is longer than that of proxies, so that they do not use a connection while it is closed.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Binds the port, and returns the server and the port.
pub(super) fn listen(config: &Config, state: &ProcessState) -> Result<(Server, u16), StartError> {
    let io_error = |what: String| move |source| StartError::Io { what, source };
    let listener = TcpListener::bind((config.host, config.port)).map_err(io_error(format!(
        "cannot listen on SERVICE_HOST={} SERVICE_PORT={}",
        config.host, config.port
    )))?;
    let port = listener.local_addr().map_err(io_error("cannot read the bound port".to_owned()))?.port();
    let (state, origins) = (state.clone(), config.cors_allowed_origins.clone());
    let server = HttpServer::new(move || {
        App::new()
            .configure(|config| routes::configure(config, &state))
            // Browsers send requests only to the gateway.
            .wrap(Condition::new(state.gateway.is_some(), cors(&origins)))
            .wrap(security())
            .wrap(from_fn(observe))
    })
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(SHUTDOWN_TIMEOUT_SECONDS)
    .listen(listener)
    .map_err(io_error("cannot listen".to_owned()))?;
    Ok((server.run(), port))
}

/// Allows pages of the configured origins to call the API, besides the pages of this server.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::CACHE_CONTROL])
        .allowed_header("x-api-key")
        .expose_headers([
            "x-cache",
            REQUEST_ID.as_str(),
            "retry-after",
            "ratelimit-limit",
            "ratelimit-remaining",
            "ratelimit-reset",
        ])
        .block_on_origin_mismatch(false)
        .max_age(3600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
