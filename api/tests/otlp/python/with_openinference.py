"""OpenInference's instrumentation of OpenAI's client, and its tracer for the agent and the tool around it."""

from openai import OpenAI, OpenAIError
from openinference.instrumentation import OITracer, TraceConfig, using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor

import sent
import weather

provider = sent.provider("weather-service")
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = OITracer(provider.get_tracer("weather"), config=TraceConfig())
client = OpenAI(max_retries=0)


def tool(call_id, city):
    return tracer.tool(weather.get_weather)(city)


with using_attributes(session_id="session-7", user_id="user-9", tags=["prod"], metadata={"region": "eu"}):
    with tracer.start_as_current_span("weather-agent", openinference_span_kind="agent") as span:
        span.set_input(weather.QUESTION)
        span.set_output(weather.answer(client, tool))
    weather.respond(client)
    for failing in (weather.fail, weather.hang):
        try:
            with tracer.start_as_current_span("weather-agent", openinference_span_kind="agent"):
                failing(client)
        except OpenAIError:
            pass

sent.tell(provider)
