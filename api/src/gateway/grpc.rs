//! OTLP over gRPC: authenticates before reading the message, then passes the undecoded message to ingestion in this
//! process or another one. tonic handles framing, gzip and their limits.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use actix_web::web::{Bytes, Data};
use ingest::otlp::{encoding::Encoding, status};
use prost::{
    Message,
    bytes::{Buf, BufMut},
};
use shared::{access::Permission, limit};
use tokio::time::sleep;
use tonic::{
    Code, Request, Response, Status,
    body::Body,
    codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http,
    server::{Grpc, UnaryService},
};
use tower_service::Service;
use tracing::Instrument;

use super::{
    State,
    authenticate::{API_KEY, credentials_in},
    rate_limit::DETAIL,
};
use crate::{
    access,
    auth::identity::Identity,
    error::ApiError,
    gateway::in_flight::CallsInFlight,
    ingestion::{self, otlp},
    internal::{
        client::PeerClient,
        forward_spans::{self, Forwarded},
    },
    limit::Class,
    telemetry::{
        metrics::Metrics,
        request::{self, REQUEST_ID},
    },
};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/// The prefix of the services for metrics and logs.
const COLLECTOR: &str = "/opentelemetry.proto.collector.";
/// [`REQUEST_ID`] for the `http` crate of tonic.
const RESPONSE_ID: http::HeaderName = http::HeaderName::from_static("x-request-id");
/// The maximum size of an error message, which travels in a header.
const MESSAGE_BYTES: usize = 1024;

/// Where requests are ingested.
#[derive(Clone)]
pub enum Ingestion {
    /// In this process.
    Local(Data<ingestion::State>),
    /// In another process.
    Remote(Arc<PeerClient>),
}

/// The OTLP trace service. Connections may outlive the server; the state of the service is dropped together with
/// [`ServiceGuard`].
#[derive(Clone)]
pub struct TraceService(Weak<Inner>);

/// Keeps a [`TraceService`] running.
pub struct ServiceGuard(Arc<Inner>);

struct Inner {
    gateway: Data<State>,
    ingestion: Ingestion,
    metrics: Data<Metrics>,
    in_flight: CallsInFlight,
    /// How long the message of a call may take to arrive.
    body_timeout: Duration,
}

impl ServiceGuard {
    /// Creates the service in front of `ingestion`. The message of a call must arrive within `body_timeout`.
    #[must_use]
    pub fn new(
        gateway: Data<State>,
        ingestion: Ingestion,
        metrics: Data<Metrics>,
        body_timeout: Duration,
    ) -> Self {
        let in_flight = CallsInFlight::default();
        Self(Arc::new(Inner { gateway, ingestion, metrics, in_flight, body_timeout }))
    }

    /// Returns the service that handles calls.
    #[must_use]
    pub fn service(&self) -> TraceService {
        TraceService(Arc::downgrade(&self.0))
    }

    /// Returns the counter of calls in flight.
    #[must_use]
    pub fn in_flight(&self) -> CallsInFlight {
        self.0.in_flight.clone()
    }
}

type GrpcResponse = http::Response<Body>;

impl Service<http::Request<Body>> for TraceService {
    type Response = GrpcResponse;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<GrpcResponse, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let inner = self.0.upgrade();
        Box::pin(async move {
            Ok(match inner {
                Some(inner) => inner.observe(request).await,
                None => stopping(),
            })
        })
    }
}

impl Inner {
    /// Assigns an id to a request, logs its completion and records its duration, like HTTP requests.
    async fn observe(self: Arc<Self>, request: http::Request<Body>) -> GrpcResponse {
        let start = Instant::now();
        let id = request::id(header(request.headers(), REQUEST_ID.as_str()));
        let span = tracing::info_span!("request", id);
        let route = if request.uri().path() == EXPORT { EXPORT } else { "unmatched" };
        let _call = self.in_flight.register();
        let mut response = tokio::select! {
            response = Arc::clone(&self).handle(request, &id).instrument(span.clone()) => response,
            () = self.in_flight.cancelled() => stopping(),
        };
        let seconds = start.elapsed().as_secs_f64();
        let code = Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code());
        self.metrics.record_request("gRPC", route, &format!("{code:?}"), seconds);
        span.in_scope(|| {
            tracing::info!(
                rpc.system = "grpc",
                rpc.method = route,
                rpc.grpc.status_code = i32::from(code),
                duration_ms = seconds * 1e3,
                "request completed"
            );
        });
        if let Ok(id) = http::HeaderValue::from_str(&id) {
            response.headers_mut().insert(RESPONSE_ID, id);
        }
        response
    }

    async fn handle(self: Arc<Self>, request: http::Request<Body>, id: &str) -> GrpcResponse {
        match request.uri().path() {
            EXPORT => {}
            path if path.starts_with(COLLECTOR) => {
                return Status::unimplemented("Only traces are accepted; disable this exporter").into_http();
            }
            _ => return Status::unimplemented("Unknown method").into_http(),
        }
        let identity = match self.authorize(request.headers()).await {
            Ok(identity) => identity,
            Err(error) => return to_status(&error).into_http(),
        };
        let read = Arc::new(AtomicBool::new(false));
        let timeout = sleep(self.body_timeout);
        let export = Export { inner: self, identity, request_id: id.to_owned(), read: Arc::clone(&read) };
        let mut grpc = Grpc::new(BytesCodec)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(limit::INGEST_BODY_BYTES);
        let late = async {
            timeout.await;
            if read.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            response = grpc.unary(export, request) => {
                if read.load(Ordering::Relaxed) { response } else { without_retry(response) }
            }
            () = late => to_status(&ApiError::BodyTimeout).into_http(),
        }
    }

    /// Authenticates the caller and applies the rate limit.
    async fn authorize(&self, headers: &http::HeaderMap) -> Result<Identity, ApiError> {
        let credentials = credentials_in(header(headers, "authorization"), header(headers, API_KEY));
        let identity = self.gateway.credentials.check(credentials.as_deref()).await??;
        access::require(&identity, Permission::Send)?;
        let decision = self.gateway.rate_limit.check(&identity, Class::Other).await;
        if !decision.allowed {
            return Err(ApiError::RateLimited { detail: DETAIL, retry_after: decision.reset });
        }
        Ok(identity)
    }

    async fn ingest(&self, identity: Identity, request_id: &str, body: Bytes) -> Result<Bytes, Status> {
        match &self.ingestion {
            Ingestion::Local(app) => {
                let response = otlp::ingest(app, identity.workspace_id(), Encoding::Protobuf, body).await;
                response.map(Bytes::from).map_err(|error| to_status(&error))
            }
            Ingestion::Remote(client) => {
                match forward_spans::forward(client, &identity, request_id, body).await {
                    Ok(Forwarded::Accepted(response)) => Ok(response),
                    Ok(Forwarded::Rejected { status, retry_after }) => Err(with_details(status, retry_after)),
                    Err(error) => Err(to_status(&error)),
                }
            }
        }
    }
}

fn stopping() -> GrpcResponse {
    Status::unavailable("The server is stopping; try again").into_http()
}

fn header<'a>(headers: &'a http::HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// Converts an error to a gRPC status.
fn to_status(error: &ApiError) -> Status {
    error.log();
    with_details(status::Status::from(&error.body()), error.retry_after())
}

fn with_details(mut status: status::Status, retry_after: Option<u64>) -> Status {
    status.message.truncate(status.message.floor_char_boundary(MESSAGE_BYTES));
    if let Some(seconds) = retry_after {
        status = status.retry_after(Duration::from_secs(seconds.max(1)));
    }
    let details = if status.details.is_empty() { Bytes::new() } else { status.encode_to_vec().into() };
    Status::with_details(Code::from(status.code), status.message, details)
}

/// Replaces codes of tonic for unreadable messages that clients would retry forever.
fn without_retry(response: GrpcResponse) -> GrpcResponse {
    match Status::from_header_map(response.headers()) {
        Some(status)
            if matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted | Code::Internal) =>
        {
            Status::invalid_argument(status.message()).into_http()
        }
        _ => response,
    }
}

/// A call whose message has arrived.
struct Export {
    inner: Arc<Inner>,
    identity: Identity,
    request_id: String,
    read: Arc<AtomicBool>,
}

impl UnaryService<Bytes> for Export {
    type Response = Bytes;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Status>> + Send>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        self.read.store(true, Ordering::Relaxed);
        let (inner, identity, id) = (Arc::clone(&self.inner), self.identity.clone(), self.request_id.clone());
        Box::pin(async move { inner.ingest(identity, &id, request.into_inner()).await.map(Response::new) })
    }
}

/// A codec of raw bytes, which ingestion decodes.
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
