//! Handing requests on to the roles that answer them: bodies and answers stream through, connections are kept, and where
//! a replica cannot be reached the next one is asked.

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

use super::{body::PassingBody, proof::ProofKey, upstream::Upstream};
use crate::{
    clock::Clock,
    error::ApiError,
    gateway::identity::{Identity, Login, Sender},
    telemetry::request::{REQUEST_ID, RequestId},
};

/// How long a connection may take to be made: the roles are near each other.
const CONNECT: Duration = Duration::from_secs(2);
/// How long a connection is kept unused: less than the other side keeps it, so that none is used while it is closed.
const KEEP: Duration = Duration::from_secs(15);
/// Connections that one worker keeps to all replicas.
const CONNECTIONS: usize = 1024;

/// What of a request is handed on. Credentials are not: the proof takes their place.
const REQUEST_HEADERS: [HeaderName; 6] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CACHE_CONTROL,
    header::CONTENT_ENCODING,
    header::CONTENT_TYPE,
    HeaderName::from_static("traceparent"),
];
/// What of an answer is not: it is about the connection that it came by, or this side says it itself.
const ANSWER_HEADERS_LEFT: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::DATE,
    header::TRANSFER_ENCODING,
    HeaderName::from_static("keep-alive"),
    REQUEST_ID,
];

/// Where the other roles are, and what one proves oneself to them with.
#[derive(Clone, Debug)]
pub struct Peers {
    /// The replicas of query.
    pub query: Upstream,
    /// The replicas of ingestion.
    pub ingestion: Upstream,
    /// Made of the secret that all roles share.
    pub key: ProofKey,
    /// How long an answer may take to begin.
    pub timeout: Duration,
    /// What time it is.
    pub clock: Clock,
}

/// One worker's connections to the other roles.
pub struct Forward {
    client: Client,
    peers: Peers,
}

/// Hands on to query: questions, and with their bodies what query is told to keep or to do.
///
/// # Errors
/// 503 where no replica answers, 413 where the body is too large.
pub async fn query(
    forward: Data<Forward>,
    login: Login,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let identity =
        Identity::User { user_id: login.user_id, workspace_id: login.workspace_id, email: login.email };
    let query = &forward.peers.query;
    match *request.method() {
        Method::POST | Method::PATCH => forward.send(query, &identity, &request, payload).await,
        _ => forward.ask(query, &identity, &request).await,
    }
}

/// Hands what was sent on to ingestion.
///
/// # Errors
/// 503 where no replica answers, 413 where the body is too large.
pub async fn ingestion(
    forward: Data<Forward>,
    sender: Sender,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let identity = Identity::ApiKey { workspace_id: sender.workspace_id };
    forward.send(&forward.peers.ingestion, &identity, &request, payload).await
}

impl Forward {
    /// Connections of this worker's own to `peers`.
    #[must_use]
    pub fn new(peers: Peers) -> Self {
        let connector = Connector::new().timeout(CONNECT).conn_keep_alive(KEEP).limit(CONNECTIONS);
        let client =
            Client::builder().connector(connector).timeout(peers.timeout).disable_redirects().finish();
        Self { client, peers }
    }

    /// A request without a body may be asked again: of another replica, or of the same one that closed a connection
    /// just then.
    async fn ask(
        &self,
        upstream: &Upstream,
        identity: &Identity,
        request: &HttpRequest,
    ) -> Result<HttpResponse, ApiError> {
        let mut turn = upstream.turn(self.peers.clock.now());
        turn.extend(turn.first().copied());
        let mut failure = None;
        for replica in turn {
            match self.request(upstream, replica, identity, request).send().await {
                Ok(answer) => return Ok(pass(answer)),
                // It was asked, and is at work or lost: asking again would double the load.
                Err(error @ SendRequestError::Timeout) => {
                    return Err(unavailable(&self.note(upstream, replica, error)));
                }
                Err(error) => failure = Some(self.note(upstream, replica, error)),
            }
        }
        Err(failure.map_or_else(nobody, |error| unavailable(&error)))
    }

    /// A body can be sent once. Another replica is asked only where the first could not be reached at all.
    async fn send(
        &self,
        upstream: &Upstream,
        identity: &Identity,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<HttpResponse, ApiError> {
        let body = PassingBody::new(request, payload)?;
        let mut failure = None;
        for replica in upstream.turn(self.peers.clock.now()) {
            let sending = self.request(upstream, replica, identity, request);
            let sent = match body.length() {
                Some(length) => sending.send_body(SizedStream::new(length, body.clone())).await,
                None => sending.send_stream(body.clone()).await,
            };
            match sent {
                Ok(answer) => return Ok(pass(answer)),
                Err(error) => match body.too_large() {
                    Some(too_large) => return Err(too_large),
                    None if body.is_begun() => return Err(unavailable(&error)),
                    None => failure = Some(self.note(upstream, replica, error)),
                },
            }
        }
        Err(failure.map_or_else(nobody, |error| unavailable(&error)))
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
            sending = sending.insert_header((REQUEST_ID, id.to_string()));
        }
        let headers = self.peers.key.headers(identity, request.method(), path, self.peers.clock.now());
        headers.into_iter().fold(sending, ClientRequest::insert_header)
    }

    fn note(&self, upstream: &Upstream, replica: usize, error: SendRequestError) -> SendRequestError {
        if matches!(error, SendRequestError::Connect(_) | SendRequestError::Timeout) {
            upstream.unreachable(replica, self.peers.clock.now());
        }
        tracing::warn!(replica = upstream.origin(replica), error = describe(&error), "not reached");
        error
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

/// The other role's answer as this one's, while it is still arriving.
fn pass<S>(answer: ClientResponse<S>) -> HttpResponse
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin + 'static,
{
    let mut response = HttpResponseBuilder::new(answer.status());
    for (name, value) in answer.headers() {
        if !ANSWER_HEADERS_LEFT.contains(name) {
            response.append_header((name.clone(), value.clone()));
        }
    }
    let length = answer.headers().get(header::CONTENT_LENGTH);
    match length.and_then(|length| length.to_str().ok()?.parse().ok()) {
        Some(length) => response.body(SizedStream::new(length, answer)),
        None => response.streaming(answer),
    }
}

fn unavailable(error: &SendRequestError) -> ApiError {
    ApiError::Unavailable(describe(error).into())
}

fn nobody() -> ApiError {
    ApiError::Unavailable("no replica is configured".into())
}

/// Some of these errors say nothing by themselves.
fn describe(error: &SendRequestError) -> String {
    match error {
        SendRequestError::Connect(ConnectError::Io(error)) => format!("cannot connect: {error}"),
        SendRequestError::Send(error) => format!("cannot send: {error}"),
        SendRequestError::Response(error) => format!("cannot read the answer: {error}"),
        error => error.to_string(),
    }
}
