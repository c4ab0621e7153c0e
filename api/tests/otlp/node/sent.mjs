// What both scripts here have in common: an exporter that only the environment sets up, and word of each span that ended,
// so that what was sent can be held against what was found.

import { DiagConsoleLogger, DiagLogLevel, SpanStatusCode, diag } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

// An exporter's errors are told nowhere else.
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

export function provider(service) {
  const json = process.env.OTEL_EXPORTER_OTLP_PROTOCOL === "http/json";
  const exporter = json ? new JsonExporter() : new ProtobufExporter();
  const made = new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": service }),
    spanProcessors: [new BatchSpanProcessor(exporter), recorder],
  });
  made.register();
  return made;
}

/** Sends what waits, and prints what was sent: a span a line. */
export async function tell(made) {
  // What could not be sent is told, and does not hide what was to be sent.
  await made.shutdown().catch(console.error);
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
