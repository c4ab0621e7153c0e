//! OTLP over gRPC, with the client of tonic.

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse, trace_service_client::TraceServiceClient,
};
use tonic::{
    Code, Request, Status,
    codec::CompressionEncoding,
    transport::{Channel, Endpoint},
};

use super::otlp::{assert_is_run, exporter, request, run};
use test_support::server::{Server, builder, spawn};

async fn connect(server: &Server) -> TraceServiceClient<Channel> {
    let channel = Endpoint::from_shared(server.grpc.clone()).unwrap().connect().await.unwrap();
    TraceServiceClient::new(channel).max_encoding_message_size(64 * 1024 * 1024)
}

fn authorized<T>(message: T, header: &'static str, value: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert(header, value.parse().unwrap());
    request
}

async fn export(
    client: &mut TraceServiceClient<Channel>,
    message: ExportTraceServiceRequest,
    key: &str,
) -> Result<ExportTraceServiceResponse, Status> {
    let request = authorized(message, "authorization", &format!("Bearer {key}"));
    client.export(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn run_becomes_a_trace_also_if_compressed_with_the_key_in_either_header() {
    let server = spawn().await;
    let (ada, key) = exporter(&server).await;
    let mut client = connect(&server).await;
    let response = export(&mut client, request(run(0x11)), key.token()).await.unwrap();
    assert_eq!(response.partial_success, None);
    let mut client = client.send_compressed(CompressionEncoding::Gzip);
    client.export(authorized(request(run(0x12)), "x-api-key", key.token())).await.unwrap();
    key.wait_for_queue().await;
    for trace in ["11", "12"] {
        assert_is_run(&ada.trace(&trace.repeat(16)).await);
    }
    let metrics = server.metrics().await;
    assert!(metrics.contains(r#"method="gRPC",route="/opentelemetry.proto.collector.trace.v1.TraceService/Export",status="Ok"} 2"#), "{metrics}");
}

#[tokio::test]
async fn valid_spans_are_stored_and_invalid_ones_are_named() {
    let server = spawn().await;
    let (ada, key) = exporter(&server).await;
    let mut spans = run(0x21);
    spans[0].span_id.clear();
    let response = export(&mut connect(&server).await, request(spans), key.token()).await.unwrap();
    let partial = response.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
    assert!(
        partial.error_message.contains("spans[0]: span_id must have 8 bytes"),
        "{}",
        partial.error_message
    );
    key.wait_for_queue().await;
    assert_eq!(ada.trace(&"21".repeat(16)).await["spans"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn invalid_credentials_are_rejected_and_nothing_is_stored() {
    let server = spawn().await;
    let (ada, key) = exporter(&server).await;
    let mut client = connect(&server).await;
    let wrong = format!("ao_{}", "A".repeat(43));
    for credentials in ["", "nonsense", wrong.as_str()] {
        let error = export(&mut client, request(run(0x31)), credentials).await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated, "{error}");
    }
    let error = client.export(request(run(0x31))).await.unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated, "{error}");
    key.wait_for_queue().await;
    ada.get(&format!("/api/v1/traces/{}", "31".repeat(16))).await.expect_error(404, "not_found");
}

#[tokio::test]
async fn rate_limited_call_returns_retry_info() {
    let server = builder().with("RATE_LIMIT_PER_MINUTE", "1").spawn().await;
    let ada = server.member("ada").await;
    let mut client = connect(&server).await;
    export(&mut client, request(Vec::new()), ada.token()).await.unwrap();
    let error = export(&mut client, request(Vec::new()), ada.token()).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
    let name = b"type.googleapis.com/google.rpc.RetryInfo";
    assert!(
        error.details().windows(name.len()).any(|found| found == name),
        "exporters only retry if the status has RetryInfo"
    );
}

#[tokio::test]
async fn oversized_message_is_rejected_and_must_not_be_retried() {
    let server = spawn().await;
    let (_, key) = exporter(&server).await;
    let mut large = request(run(0x41));
    large.resource_spans[0].schema_url = "x".repeat(16 * 1024 * 1024);
    let mut client = connect(&server).await;
    let error = export(&mut client, large.clone(), key.token()).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument, "{error}");
    // Compressed to some kilobytes.
    large.resource_spans[0].schema_url = "x".repeat(60 * 1024 * 1024);
    let mut client = connect(&server).await.send_compressed(CompressionEncoding::Gzip);
    let error = export(&mut client, large, key.token()).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument, "{error}");
    export(&mut client, request(run(0x42)), key.token()).await.unwrap();
}
