"""Runs the agent with OpenInference's instrumentation of the OpenAI client and its tracer for agent and tool spans."""

from openai import OpenAI, OpenAIError
from openinference.instrumentation import OITracer, TraceConfig, using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor

import recorder
import weather

provider = recorder.create_provider("weather-service")
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = OITracer(provider.get_tracer("weather"), config=TraceConfig())
client = OpenAI(max_retries=0)


def tool(call_id, city):
    return tracer.tool(weather.get_weather)(city)


with using_attributes(session_id="session-7", user_id="user-9", tags=["prod"], metadata={"region": "eu"}):
    with tracer.start_as_current_span("weather-agent", openinference_span_kind="agent") as span:
        span.set_input(weather.QUESTION)
        span.set_output(weather.run(client, tool))
    weather.use_responses_api(client)
    for failing in (weather.call_unknown_model, weather.time_out):
        try:
            with tracer.start_as_current_span("weather-agent", openinference_span_kind="agent"):
                failing(client)
        except OpenAIError:
            pass

recorder.print_spans(provider)
