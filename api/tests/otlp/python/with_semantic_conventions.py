"""Runs the agent with OpenTelemetry's instrumentation of the OpenAI client. Agent and tool spans are created manually,
as in its documentation."""

import json

from openai import OpenAI, OpenAIError
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

import recorder
import weather

provider = recorder.create_provider("weather-service")
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("weather")
client = OpenAI(max_retries=0)


def tool(call_id, city):
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "get_weather",
        "gen_ai.tool.call.id": call_id,
        "gen_ai.tool.call.arguments": json.dumps({"city": city}),
    }
    with tracer.start_as_current_span("execute_tool get_weather", attributes=attributes) as span:
        result = weather.get_weather(city)
        span.set_attribute("gen_ai.tool.call.result", json.dumps(result))
        return result


agent = {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.agent.name": "weather-agent",
    "gen_ai.conversation.id": "session-7",
    "user.id": "user-9",
}
with tracer.start_as_current_span("invoke_agent weather-agent", attributes=agent):
    weather.run(client, tool)
for failing in (weather.call_unknown_model, weather.time_out):
    try:
        with tracer.start_as_current_span("invoke_agent weather-agent", attributes=agent):
            failing(client)
    except OpenAIError:
        pass

recorder.print_spans(provider)
