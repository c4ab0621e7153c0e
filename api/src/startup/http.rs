//! The HTTP server: its port, and the middleware of all routes.

use std::{future::ready, net::TcpListener, time::Duration};

use actix_cors::Cors;
use actix_http::{HttpService, Protocol, error::DispatchError};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{
    App, HttpServer,
    dev::{AppConfig, Server},
    http::{Method, header},
    middleware::{Condition, from_fn},
    web::Data,
};
use tokio::net::TcpStream;

use super::{
    admission::{BodyTimeout, admit},
    connection::{ClientTimeouts, Connection},
    connection_limit::{ConnectionLimit, TooManyConnections},
    error::StartError,
};
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

/// How long the rest of a body is received after a response that did not need it.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Binds the port, and returns the server and the port.
pub(super) fn listen(
    config: &Config,
    state: &ProcessState,
    limit: &ConnectionLimit,
) -> Result<(Server, u16), StartError> {
    let io_error = |what: String| move |source| StartError::Io { what, source };
    let listener = TcpListener::bind((config.host, config.port)).map_err(io_error(format!(
        "cannot listen on SERVICE_HOST={} SERVICE_PORT={}",
        config.host, config.port
    )))?;
    let port = listener.local_addr().map_err(io_error("cannot read the bound port".to_owned()))?.port();
    let (state, origins) = (state.clone(), config.cors_allowed_origins.clone());
    let body_timeout = config.client_timeout;
    let (timeouts, limit) = (ClientTimeouts::new(config.client_timeout, KEEP_ALIVE), limit.clone());
    let app = move || {
        App::new()
            .app_data(Data::new(BodyTimeout(body_timeout)))
            .configure(|config| routes::configure(config, &state))
            // Browsers send requests only to the gateway.
            .wrap(Condition::new(state.gateway.is_some(), cors(&origins)))
            .wrap(from_fn(admit))
            .wrap(security())
            .wrap(from_fn(observe))
    };
    let builder = Server::build().shutdown_timeout(SHUTDOWN_TIMEOUT_SECONDS);
    let stopping = builder.graceful_shutdown_signal();
    let server = builder.listen("http", listener, move || {
        let (limit, stopping) = (limit.clone(), stopping.clone());
        let connect = fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr();
            let permit = peer.as_ref().ok().map(|&peer| limit.admit(peer)).transpose();
            ready(match permit {
                Ok(permit) => {
                    let connection = Connection::http1(stream, timeouts, permit.flatten());
                    Ok((connection, Protocol::Http1, peer.ok()))
                }
                // Dropping the stream closes the connection.
                Err(TooManyConnections) => Err(DispatchError::DisconnectTimeout),
            })
        });
        let service = HttpService::build()
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(timeouts.head)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .on_connect_ext(|connection: &Connection, data| drop(data.insert(connection.wait())))
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .finish(map_config(app().into_factory().map_err(|error| error.error_response()), |()| {
                AppConfig::default()
            }));
        connect.and_then(service)
    });
    let server = server.map_err(io_error("cannot listen".to_owned()))?;
    Ok((server.run(), port))
}

/// Binds the port for metrics, if there is one, and returns its server and the port.
pub(super) fn listen_metrics(
    config: &Config,
    state: &ProcessState,
) -> Result<Option<(Server, u16)>, StartError> {
    let Some(port) = config.metrics_access.port else { return Ok(None) };
    let io_error = |source| StartError::Io {
        what: format!("cannot listen on SERVICE_HOST={} METRICS_PORT={port}", config.host),
        source,
    };
    let listener = TcpListener::bind((config.host, port)).map_err(io_error)?;
    let port = listener.local_addr().map_err(io_error)?.port();
    let state = state.clone();
    let server = HttpServer::new(move || {
        App::new()
            .configure(|config| routes::configure_metrics(config, &state))
            .wrap(security())
            .wrap(from_fn(observe))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(0)
    .listen(listener)
    .map_err(io_error)?;
    Ok(Some((server.run(), port)))
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
