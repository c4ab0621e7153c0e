// Support code of both scripts: an exporter that is configured by environment variables, and a recorder that prints
// each ended span, so that the test can compare the sent spans with the stored ones.

import { DiagConsoleLogger, DiagLogLevel, SpanStatusCode, diag } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

// The SDK reports exporter errors only through this logger.
diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.ERROR);

const ended = [];
const recorder = {
  onStart() {},
  onEnd(span) {
    ended.push(span);
  },
  async forceFlush() {},
  async shutdown() {},
};

export function createProvider(service) {
  const json = process.env.OTEL_EXPORTER_OTLP_PROTOCOL === "http/json";
  const exporter = json ? new JsonExporter() : new ProtobufExporter();
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": service }),
    spanProcessors: [new BatchSpanProcessor(exporter), recorder],
  });
  provider.register();
  return provider;
}

/** Sends pending spans and prints every ended span as one line of JSON. */
export async function printSpans(provider) {
  // If sending fails, print the error, and still print the spans.
  await provider.shutdown().catch(console.error);
  for (const span of ended) {
    const context = span.spanContext();
    const line = {
      trace_id: context.traceId,
      span_id: context.spanId,
      parent_span_id: span.parentSpanContext?.spanId ?? null,
      name: span.name,
      status: SpanStatusCode[span.status.code],
      message: span.status.message ?? null,
      attributes: span.attributes,
      events: span.events.map(({ name, attributes }) => ({ name, attributes })),
      resource: span.resource.attributes,
      scope: span.instrumentationScope.name,
    };
    console.log(JSON.stringify(line));
  }
}
