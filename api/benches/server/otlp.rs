//! Measures the ingestion rate of spans over OTLP/HTTP, until their traces are counted.

use std::time::{Duration, Instant};

use api::clock::Clock;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use prost::Message;
use shared::Timestamp;

use crate::{Result, client::Client, data, ingest};

/// Spans per batch, the default of OpenTelemetry exporters.
const BATCH: u64 = 512;
/// Spans per trace: an agent span, and model and tool calls below it.
const TRACE: u64 = 8;
/// Number of concurrent requests.
const SENDERS: usize = 16;
/// Number of the first trace, above all other numbers.
const FIRST_TRACE: u64 = 1 << 44;

/// Sends prepared batches as fast as the server accepts them, waits until the last trace is counted, and returns spans per
/// second.
pub(crate) async fn rate(client: &Client, time: Duration) -> Result<f64> {
    // More than the server accepts in this time.
    let batches = time.as_secs() * 150;
    let now = Clock::system().now();
    let bodies: Vec<Vec<u8>> = (0..batches).map(|batch| body(batch, now)).collect();
    let start = now.floor(Duration::from_secs(60));
    let kpis = ingest::requests_between(start, start + Duration::from_secs(3600));
    let before = ingest::requests(client, &kpis).await?;
    let begin = Instant::now();
    let sent = BATCH * ingest::acknowledged(bodies, SENDERS, time, |body| client.export(body)).await?;
    eprintln!("    {sent} spans acknowledged in {:.1} s", begin.elapsed().as_secs_f64());
    ingest::counted(client, &kpis, before + sent / TRACE).await?;
    Ok(sent as f64 / begin.elapsed().as_secs_f64())
}

fn body(batch: u64, now: Timestamp) -> Vec<u8> {
    let first = FIRST_TRACE + batch * BATCH / TRACE;
    let spans = (first..first + BATCH / TRACE).flat_map(|number| trace(number, now)).collect();
    let resource = Resource { attributes: vec![text("service.name", "bench")], ..Resource::default() };
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { resource: Some(resource), scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

/// Generates the spans of a trace, the agent span last. Model calls have the texts of a generated REST trace.
fn trace(number: u64, now: Timestamp) -> Vec<Span> {
    let row = data::row(number, now);
    let nanos = u64::try_from(now.as_micros()).unwrap_or(0) * 1000 + (number - FIRST_TRACE) * 1000;
    let id = |span: u64| (number * TRACE + span).to_be_bytes().to_vec();
    let span = |index: u64, name: &str, attributes: Vec<KeyValue>| Span {
        trace_id: [row.trace_id.as_bytes()[..8].to_vec(), number.to_be_bytes().to_vec()].concat(),
        span_id: id(index + 1),
        parent_span_id: if index == TRACE - 1 { Vec::new() } else { id(TRACE) },
        name: name.to_owned(),
        start_time_unix_nano: nanos + index * 1_000_000,
        end_time_unix_nano: nanos + 100_000_000,
        attributes,
        ..Span::default()
    };
    let llm = || {
        vec![
            text("gen_ai.operation.name", "chat"),
            text("gen_ai.provider.name", row.provider),
            text("gen_ai.request.model", row.model),
            whole("gen_ai.usage.input_tokens", row.tokens_input),
            whole("gen_ai.usage.output_tokens", row.tokens_output),
            text("input.value", &row.input),
            text("output.value", &row.output),
        ]
    };
    let tool = || vec![text("gen_ai.operation.name", "execute_tool"), text("gen_ai.tool.name", "search")];
    let agent = vec![
        text("gen_ai.operation.name", "invoke_agent"),
        text("gen_ai.agent.name", row.agent),
        text("session.id", &format!("s-{}", number / 5)),
        text("input.value", &row.input),
        text("output.value", &row.output),
    ];
    let mut spans: Vec<Span> = (0..TRACE - 1)
        .map(|index| if index % 2 == 0 { span(index, "chat", llm()) } else { span(index, "search", tool()) })
        .collect();
    spans.push(span(TRACE - 1, "invoke_agent", agent));
    spans
}

fn text(key: &str, text: &str) -> KeyValue {
    attribute(key, Value::StringValue(text.to_owned()))
}

fn whole(key: &str, number: i64) -> KeyValue {
    attribute(key, Value::IntValue(number))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
