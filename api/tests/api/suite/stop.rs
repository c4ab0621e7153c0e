//! Shutdown with a gRPC call in flight: the call finishes or gets `Unavailable`, and nothing closes before that.

use std::time::Duration;

use futures_util::{
    StreamExt,
    future::ready,
    stream::{iter, once},
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse, trace_service_client::TraceServiceClient,
};
use tokio::{sync::oneshot, task::JoinHandle};
use tonic::{
    Code, Request, Response, Status,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use super::otlp::{exporter, request, run};
use test_support::{
    client::Client,
    server::{Server, spawn},
};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

type Call = JoinHandle<Result<Response<ExportTraceServiceResponse>, Status>>;

fn authorized<T>(message: T, key: &Client) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("x-api-key", key.token().parse().unwrap());
    request
}

/// Starts a call that sends its message and ends when the returned sender is used.
async fn start_call(server: &Server, key: &Client) -> (Call, oneshot::Sender<()>) {
    let channel: Channel = Endpoint::from_shared(server.grpc.clone()).unwrap().connect().await.unwrap();
    // Establishes the connection, so that the server knows it.
    let mut client = TraceServiceClient::new(channel.clone());
    client.export(authorized(request(Vec::new()), key)).await.unwrap();
    let (end, ended) = oneshot::channel();
    let (started, has_started) = oneshot::channel();
    let rest = once(async move {
        // The client polls for the next message after it has sent the first.
        let _ = started.send(());
        let _ = ended.await;
    });
    let messages = iter([request(run(0x91))]).chain(rest.filter_map(|()| ready(None)));
    let outgoing = authorized(messages, key);
    let call = tokio::spawn(async move {
        let mut grpc = Grpc::new(channel);
        grpc.ready().await.unwrap();
        let codec = ProstCodec::<ExportTraceServiceRequest, ExportTraceServiceResponse>::default();
        grpc.client_streaming(outgoing, PathAndQuery::from_static(EXPORT), codec).await
    });
    has_started.await.unwrap();
    (call, end)
}

#[tokio::test]
async fn call_in_flight_finishes_before_the_server_stops() {
    let server = spawn().await;
    let (_, key) = exporter(&server).await;
    let (mut call, end) = start_call(&server, &key).await;
    server.request_stop();
    // The HTTP server has no requests in flight and stops at once.
    let early = tokio::time::timeout(Duration::from_secs(3), &mut call).await;
    assert!(early.is_err(), "{early:?}");
    assert!(!server.has_stopped());
    end.send(()).unwrap();
    let response = call.await.unwrap().unwrap().into_inner();
    assert_eq!(response.partial_success, None);
}

#[tokio::test]
async fn call_that_does_not_end_returns_unavailable() {
    let server = spawn().await;
    let (_, key) = exporter(&server).await;
    let (call, _end) = start_call(&server, &key).await;
    server.request_stop();
    let rejected = tokio::time::timeout(Duration::from_secs(30), call).await.unwrap().unwrap().unwrap_err();
    assert_eq!(rejected.code(), Code::Unavailable, "{rejected}");
}
