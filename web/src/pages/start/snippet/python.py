import json

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("getting-started")


def message(role, text):
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


content = {
    "gen_ai.input.messages": message("user", "Where is my parcel?"),
    "gen_ai.output.messages": message("assistant", "It arrives tomorrow."),
}
run = {"gen_ai.operation.name": "invoke_agent", "session.id": "session-1", "user.id": "user-1"}
call = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 812,
    "gen_ai.usage.output_tokens": 96,
}

with tracer.start_as_current_span("invoke_agent", attributes={**run, **content}):
    with tracer.start_as_current_span("chat gpt-4o-mini", attributes={**call, **content}):
        pass  # Here your agent calls its model.

provider.shutdown()
