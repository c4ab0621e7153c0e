//! Forwards requests to other roles: bodies and responses are streamed, connections are reused, and the next replica
//! is tried if one is unreachable.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::SizedStream,
    error::PayloadError,
    http::{
        Method,
        header::{self, HeaderMap, HeaderName},
    },
    web::{Bytes, Data, Payload},
};
use awc::{
    Client, ClientRequest, ClientResponse, Connector,
    error::{ConnectError, SendRequestError},
};
use futures_util::Stream;
use uuid::Uuid;

use super::{body::ForwardedBody, proof::ProofKey, upstream::Upstream};
use crate::{
    auth::identity::{Identity, Login, Sender},
    clock::Clock,
    error::ApiError,
    telemetry::request::{REQUEST_ID, RequestId},
};

/// The timeout of connecting; the roles are close to each other.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long idle connections are kept: less than on the other side, so that no closed connection is used.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The maximum number of connections of a worker.
const MAX_CONNECTIONS: usize = 1024;

/// The forwarded request headers. Credentials are not forwarded; the proof replaces them.
const REQUEST_HEADERS: [HeaderName; 6] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CACHE_CONTROL,
    header::CONTENT_ENCODING,
    header::CONTENT_TYPE,
    HeaderName::from_static("traceparent"),
];
/// The response headers that are not forwarded: they concern the connection, or the gateway sets them itself.
const DROPPED_RESPONSE_HEADERS: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::DATE,
    header::TRANSFER_ENCODING,
    HeaderName::from_static("keep-alive"),
    REQUEST_ID,
];

/// The other roles, and the key that authenticates this process to them.
#[derive(Clone, Debug)]
pub struct Peers {
    /// The replicas of the query role.
    pub query: Upstream,
    /// The replicas of the ingestion role.
    pub ingestion: Upstream,
    /// The key derived from the shared secret.
    pub key: ProofKey,
    /// How long a response may take to begin.
    pub timeout: Duration,
    /// The clock.
    pub clock: Clock,
}

/// The connections of one worker to the other roles.
pub struct Forward {
    client: Client,
    peers: Peers,
}

/// Forwards a request to the query role.
///
/// # Errors
/// Returns 503 if no replica responds, and 413 if the body is too large.
pub async fn query(
    forward: Data<Forward>,
    login: Login,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let identity = Identity::User(login);
    let body = match *request.method() {
        Method::POST | Method::PATCH => Some(ForwardedBody::new(&request, payload)?),
        _ => None,
    };
    forward.send(&forward.peers.query, &identity, &request, body).await
}

/// Forwards a request that needs no login to the query role.
///
/// # Errors
/// Returns 503 if no replica responds, and 413 if the body is too large.
pub async fn query_without_login(
    forward: Data<Forward>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    // No workspace has this id, so that the proof gives access to none.
    let nobody = Login { user_id: Uuid::nil(), workspace_id: Uuid::nil(), email: Box::default() };
    query(forward, nobody, request, payload).await
}

/// Forwards a request to the ingestion role.
///
/// # Errors
/// Returns 503 if no replica responds, and 413 if the body is too large.
pub async fn ingestion(
    forward: Data<Forward>,
    sender: Sender,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let body = ForwardedBody::new(&request, payload)?;
    forward.send(&forward.peers.ingestion, &Identity::ApiKey(sender), &request, Some(body)).await
}

impl Forward {
    /// Creates connections of this worker to `peers`.
    #[must_use]
    pub fn new(peers: Peers) -> Self {
        let connector =
            Connector::new().timeout(CONNECT_TIMEOUT).conn_keep_alive(KEEP_ALIVE).limit(MAX_CONNECTIONS);
        let client =
            Client::builder().connector(connector).timeout(peers.timeout).disable_redirects().finish();
        Self { client, peers }
    }

    /// Sends a request. One without a body may be retried with another replica, or with the same one if that has just
    /// closed the connection. One with a body is retried only if no connection could be established.
    async fn send(
        &self,
        upstream: &Upstream,
        identity: &Identity,
        request: &HttpRequest,
        body: Option<ForwardedBody>,
    ) -> Result<HttpResponse, ApiError> {
        let mut rotation = upstream.rotation(self.peers.clock.now());
        if body.is_none() {
            rotation.extend(rotation.first().copied());
        }
        let mut failure = ApiError::Unavailable("no replica is configured".into());
        for replica in rotation {
            let sending = self.request(upstream, replica, identity, request);
            let sent = match body.as_ref().map(|body| (body.length(), body.clone())) {
                None => sending.send(),
                Some((Some(length), body)) => sending.send_body(SizedStream::new(length, body)),
                Some((None, body)) => sending.send_stream(body),
            };
            let error = match sent.await {
                Ok(response) => return Ok(convert_response(response)),
                Err(error) => error,
            };
            failure = ApiError::Unavailable(describe(&error).into());
            if let Some(body) = &body {
                if let Some(too_large) = body.too_large() {
                    return Err(too_large);
                }
                if body.has_started() {
                    break;
                }
            }
            self.record_failure(upstream, replica, &error);
            // The replica is busy or lost the request; retrying would double the load.
            if body.is_none() && matches!(error, SendRequestError::Timeout) {
                break;
            }
        }
        Err(failure)
    }

    fn request(
        &self,
        upstream: &Upstream,
        replica: usize,
        identity: &Identity,
        request: &HttpRequest,
    ) -> ClientRequest {
        let path = path(request);
        let url = format!("{}{path}", upstream.origin(replica));
        let mut sending = self.client.request(request.method().clone(), url).no_decompress();
        copy(request.headers(), sending.headers_mut());
        if let Some(id) = RequestId::of(request) {
            sending = sending.insert_header((REQUEST_ID, id.0));
        }
        let headers = self.peers.key.headers(identity, request.method(), path, self.peers.clock.now());
        headers.into_iter().fold(sending, ClientRequest::insert_header)
    }

    fn record_failure(&self, upstream: &Upstream, replica: usize, error: &SendRequestError) {
        if matches!(error, SendRequestError::Connect(_) | SendRequestError::Timeout) {
            upstream.unreachable(replica, self.peers.clock.now());
        }
        tracing::warn!(replica = upstream.origin(replica), error = describe(error), "replica unreachable");
    }
}

fn path(request: &HttpRequest) -> &str {
    request.uri().path_and_query().map_or("/", |path| path.as_str())
}

fn copy(from: &HeaderMap, into: &mut HeaderMap) {
    for name in REQUEST_HEADERS {
        for value in from.get_all(&name) {
            into.append(name.clone(), value.clone());
        }
    }
}

/// Converts the response of the other role while it is still arriving.
fn convert_response<S>(from: ClientResponse<S>) -> HttpResponse
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin + 'static,
{
    let mut response = HttpResponseBuilder::new(from.status());
    for (name, value) in from.headers() {
        if !DROPPED_RESPONSE_HEADERS.contains(name) {
            response.append_header((name.clone(), value.clone()));
        }
    }
    let length = from.headers().get(header::CONTENT_LENGTH);
    match length.and_then(|length| length.to_str().ok()?.parse().ok()) {
        Some(length) => response.body(SizedStream::new(length, from)),
        None => response.streaming(from),
    }
}

/// Some of these errors are unclear without their context.
fn describe(error: &SendRequestError) -> String {
    match error {
        SendRequestError::Connect(ConnectError::Io(error)) => format!("cannot connect: {error}"),
        SendRequestError::Send(error) => format!("cannot send: {error}"),
        SendRequestError::Response(error) => format!("cannot read the response: {error}"),
        error => error.to_string(),
    }
}
