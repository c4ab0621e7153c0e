# Requires OPENAI_API_KEY.
from openai import OpenAI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("getting-started")

question = "Where is my parcel?"
run = {"traceloop.span.kind": "workflow", "session.id": "session-1", "user.id": "user-1"}
with tracer.start_as_current_span("answer", attributes={**run, "input.value": question}) as span:
    reply = OpenAI().chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": question}],
    )
    answer = reply.choices[0].message.content
    span.set_attribute("output.value", answer)
print(answer)

provider.shutdown()
