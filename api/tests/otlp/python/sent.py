"""What every script here has in common: an exporter that only the environment sets up, and word of each span that ended,
so that what was sent can be held against what was found."""

import json
import os
import sys

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

ended = []


class Recorder(SpanProcessor):
    """Keeps every span, as it ended."""

    def on_end(self, span):
        ended.append(span)


def exporter():
    """The exporter that OTEL_EXPORTER_OTLP_PROTOCOL names; where to, and with which key, it takes from the environment."""
    if os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    return OTLPSpanExporter()


def provider(service):
    """A provider as an application sets one up."""
    made = TracerProvider(resource=Resource.create({"service.name": service}))
    made.add_span_processor(BatchSpanProcessor(exporter()))
    made.add_span_processor(Recorder())
    trace.set_tracer_provider(made)
    return made


def tell(made):
    """Sends what waits, and prints what was sent: a span a line."""
    made.shutdown()
    for span in ended:
        context, parent = span.context, span.parent
        json.dump(
            {
                "trace_id": f"{context.trace_id:032x}",
                "span_id": f"{context.span_id:016x}",
                "parent_span_id": f"{parent.span_id:016x}" if parent else None,
                "name": span.name,
                "status": span.status.status_code.name,
                "message": span.status.description,
                "attributes": dict(span.attributes),
                "events": [{"name": event.name, "attributes": dict(event.attributes)} for event in span.events],
                "resource": dict(span.resource.attributes),
                "scope": span.instrumentation_scope.name,
            },
            sys.stdout,
        )
        print()
