"""Runs the agent with OpenLLMetry: Traceloop's decorators and its instrumentation of the OpenAI client."""

from openai import OpenAI, OpenAIError
from opentelemetry import trace
from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import agent, tool, workflow
from traceloop.sdk.instruments import Instruments

import recorder
import weather

Traceloop.init(
    app_name="weather-service",
    exporter=recorder.create_exporter(),
    instruments={Instruments.OPENAI},
    telemetry_enabled=False,
)
provider = trace.get_tracer_provider()
provider.add_span_processor(recorder.Recorder())
Traceloop.set_association_properties({"session_id": "session-7", "user_id": "user-9"})
client = OpenAI(max_retries=0)
get_weather = tool(name="get_weather")(weather.get_weather)


@agent(name="weather-agent")
def weather_agent(question):
    return weather.run(client, lambda _id, city: get_weather(city=city), question)


@workflow(name="weather")
def ask(question):
    return weather_agent(question)


@workflow(name="failing")
def fail(what):
    what(client)


ask(weather.QUESTION)
weather.use_responses_api(client)
for failing in (weather.call_unknown_model, weather.time_out):
    try:
        fail(failing)
    except OpenAIError:
        pass

recorder.print_spans(provider)
