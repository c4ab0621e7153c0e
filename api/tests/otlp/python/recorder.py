"""Support code of all scripts: an exporter that is configured by environment variables, and a recorder that prints each
ended span, so that the test can compare the sent spans with the stored ones."""

import json
import os
import sys

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

ended = []


class Recorder(SpanProcessor):
    """Records every ended span."""

    def on_end(self, span):
        ended.append(span)


def create_exporter():
    """Creates the exporter for OTEL_EXPORTER_OTLP_PROTOCOL. It reads the endpoint and headers from the environment."""
    if os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    return OTLPSpanExporter()


def create_provider(service):
    """Creates and registers a tracer provider, as an application does."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(create_exporter()))
    provider.add_span_processor(Recorder())
    trace.set_tracer_provider(provider)
    return provider


def print_spans(provider):
    """Sends pending spans and prints every ended span as one line of JSON."""
    provider.shutdown()
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
