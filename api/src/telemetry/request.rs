//! Middleware that assigns request ids, logs requests and records their metrics.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use tracing::Instrument;
use uuid::Uuid;

use super::metrics::Metrics;

/// The header with the request id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The maximum length of a request id sent by the client.
const ID_CHARS: usize = 64;
/// The maximum length of a logged path.
const PATH_BYTES: usize = 64;
/// The methods that any route of HTTP may have. Logs and metrics contain no other methods, since clients can invent them.
const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"];

/// The path pattern of a request, if it was found before.
#[derive(Clone, Debug)]
pub struct RoutePattern(pub String);

/// Assigns an id to a request, logs its completion and records its duration.
///
/// # Errors
/// Returns the errors of the request.
pub async fn observe(
    metrics: Data<Metrics>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let start = Instant::now();
    let sent = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let id = id(sent);
    let span = tracing::info_span!("request", id);
    request.extensions_mut().insert(RequestId(id.clone()));

    let mut response = next.call(request).instrument(span.clone()).await?;

    let seconds = start.elapsed().as_secs_f64();
    let status = response.status();
    let method = method_name(response.request().method());
    let known = response.request().extensions().get::<RoutePattern>().map(|known| known.0.clone());
    let pattern = known.or_else(|| response.request().match_pattern());
    // The path of a known route may contain the id of an end user.
    let path = if pattern.is_none() { Some(beginning(response.request().path())) } else { None };
    let route = pattern.as_deref().unwrap_or("unmatched");
    metrics.record_request(method, route, status.as_str(), seconds);
    span.in_scope(|| {
        tracing::info!(
            http.request.method = method,
            http.route = route,
            url.path = path,
            http.response.status_code = status.as_u16(),
            duration_ms = seconds * 1e3,
            "request completed"
        );
    });
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(response)
}

/// Returns whether HTTP defines the method.
#[must_use]
pub fn is_known(method: &Method) -> bool {
    METHODS.contains(&method.as_str())
}

/// Returns the name of a method for logs and metrics: one of a fixed set, as OpenTelemetry requires.
fn method_name(method: &Method) -> &str {
    if is_known(method) { method.as_str() } else { "_OTHER" }
}

/// Returns the first segment of a path that has no route, truncated. The rest is not logged: the pages of the SPA have
/// paths such as `/users/{user_id}`.
fn beginning(path: &str) -> &str {
    let end =
        path.char_indices().skip(1).find(|&(_, char)| char == '/').map_or(path.len(), |(index, _)| index);
    &path[..path.floor_char_boundary(end.min(PATH_BYTES))]
}

/// The id of a request, for handlers that forward it.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

impl RequestId {
    /// Returns the id that [`observe`] assigned to the request.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }
}

/// Returns the id sent with a request if it is valid, otherwise a new id.
#[must_use]
pub fn id(sent: Option<&str>) -> String {
    let sound = |id: &&str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !id.is_empty() && id.len() <= ID_CHARS && id.bytes().all(known)
    };
    sent.filter(sound).map_or_else(next_id, str::to_owned)
}

/// Creates an id: a random number of this process, then the number of the request.
fn next_id() -> String {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| Uuid::new_v4().as_u64_pair().0);
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    format!("{:016x}{:016x}", *PROCESS, REQUESTS.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logged_path_is_short_and_contains_no_ids() {
        for (path, logged) in
            [("/", "/"), ("", ""), ("//a", "/"), ("/login", "/login"), ("/users/ada@example.com", "/users")]
        {
            assert_eq!(beginning(path), logged);
        }
        assert_eq!(beginning(&"é".repeat(1000)).len(), PATH_BYTES);
    }
}
