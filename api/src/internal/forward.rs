//! Handlers that forward requests to other roles: bodies are read first, because the proof covers them; responses are
//! streamed.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::SizedStream,
    http::{Method, StatusCode},
    web::{Data, Payload},
};
use http_body_util::BodyExt;
use shared::access::Role;
use tonic::codegen::http::header::{self as sent, HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use super::{
    body::HashedBody,
    client::{PeerClient, PeerRequest, PeerResponse},
    upstream::Upstream,
};
use crate::{
    auth::identity::{Identity, Login},
    error::ApiError,
    telemetry::request::RequestId,
};

/// The forwarded request headers. Credentials are not forwarded; the proof replaces them.
const REQUEST_HEADERS: [HeaderName; 6] = [
    sent::ACCEPT,
    sent::ACCEPT_ENCODING,
    sent::CACHE_CONTROL,
    sent::CONTENT_ENCODING,
    sent::CONTENT_TYPE,
    HeaderName::from_static("traceparent"),
];
/// The response headers that are not forwarded: they concern the connection, or the gateway sets them itself.
const DROPPED_RESPONSE_HEADERS: [HeaderName; 6] = [
    sent::CONNECTION,
    sent::CONTENT_LENGTH,
    sent::DATE,
    sent::TRANSFER_ENCODING,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("x-request-id"),
];

/// Forwards a request to the query role.
///
/// # Errors
/// Returns 503 if no replica responds, and the errors of the body.
pub async fn query(
    client: Data<PeerClient>,
    identity: Identity,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    forward(&client, &client.peers.query, &identity, &request, payload).await
}

/// Forwards a request that needs no login to the query role.
///
/// # Errors
/// Returns 503 if no replica responds, and the errors of the body.
pub async fn query_without_login(
    client: Data<PeerClient>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    // No workspace has this id, so that the proof gives access to none.
    let nobody = Identity::User(Login {
        user_id: Uuid::nil(),
        workspace_id: Uuid::nil(),
        email: Box::default(),
        role: Role::Viewer,
        session_id: None,
    });
    forward(&client, &client.peers.query, &nobody, &request, payload).await
}

/// Forwards a request to the ingestion role.
///
/// # Errors
/// Returns 503 if no replica responds, and the errors of the body.
pub async fn ingestion(
    client: Data<PeerClient>,
    identity: Identity,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    forward(&client, &client.peers.ingestion, &identity, &request, payload).await
}

async fn forward(
    client: &PeerClient,
    upstream: &Upstream,
    identity: &Identity,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let body = HashedBody::read(request, payload).await?;
    let sending = PeerRequest {
        identity,
        method: request.method(),
        path: request.uri().path_and_query().map_or("/", |path| path.as_str()),
        headers: headers(request),
        body,
        is_repeatable: matches!(*request.method(), Method::GET | Method::HEAD | Method::DELETE),
    };
    Ok(convert_response(client.send(upstream, sending).await?))
}

fn headers(request: &HttpRequest) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in REQUEST_HEADERS {
        for value in request.headers().get_all(name.as_str()) {
            headers.extend(HeaderValue::from_bytes(value.as_bytes()).map(|value| (name.clone(), value)));
        }
    }
    let id = RequestId::of(request).and_then(|id| HeaderValue::try_from(id.0).ok());
    headers.extend(id.map(|id| (HeaderName::from_static("x-request-id"), id)));
    headers
}

/// Converts the response of the other role while it is still arriving.
fn convert_response(from: PeerResponse) -> HttpResponse {
    let status = StatusCode::from_u16(from.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponseBuilder::new(status);
    for (name, value) in from.headers() {
        if !DROPPED_RESPONSE_HEADERS.contains(name) {
            response.append_header((name.as_str(), value.as_bytes()));
        }
    }
    let length = from.headers().get(sent::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let body = from.into_body().into_data_stream();
    match length {
        Some(length) => response.body(SizedStream::new(length, body)),
        None => response.streaming(body),
    }
}
