"""Creates spans manually with the OpenTelemetry SDK and the attributes of the current GenAI conventions."""

import json

from opentelemetry.trace import SpanKind, Status, StatusCode

import recorder
import weather

provider = recorder.create_provider("weather-service")
tracer = provider.get_tracer("weather", "1.2.3")


def text(role, content):
    return {"role": role, "parts": [{"type": "text", "content": content}]}


CALL = {"type": "tool_call", "id": "call_1", "name": "get_weather", "arguments": {"city": "Paris"}}
RESULT = {"type": "tool_call_response", "id": "call_1", "response": weather.get_weather("Paris")}
USER_MESSAGES = [text("user", weather.QUESTION)]
FINAL_MESSAGES = [{**text("assistant", "It is 21 degrees in Paris."), "finish_reason": "stop"}]
TOOL_CALL_MESSAGES = [{"role": "assistant", "parts": [CALL], "finish_reason": "tool_call"}]


def chat(input_messages, output_messages, usage):
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.response.finish_reasons": [output_messages[0]["finish_reason"]],
        "gen_ai.conversation.id": "session-7",
        "gen_ai.system_instructions": json.dumps([{"type": "text", "content": weather.SYSTEM}]),
        "gen_ai.input.messages": json.dumps(input_messages),
        "gen_ai.output.messages": json.dumps(output_messages),
        "gen_ai.usage.input_tokens": usage[0],
        "gen_ai.usage.cache_read.input_tokens": usage[1],
        "gen_ai.usage.output_tokens": usage[2],
        "gen_ai.usage.reasoning.output_tokens": usage[3],
    }
    with tracer.start_as_current_span("chat gpt-4o", kind=SpanKind.CLIENT, attributes=attributes):
        pass


agent = {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.provider.name": "openai",
    "gen_ai.agent.name": "weather-agent",
    "gen_ai.conversation.id": "session-7",
    "user.id": "user-9",
}
totals = {"gen_ai.usage.input_tokens": 280, "gen_ai.usage.output_tokens": 42}
messages = {"gen_ai.input.messages": json.dumps(USER_MESSAGES), "gen_ai.output.messages": json.dumps(FINAL_MESSAGES)}
with tracer.start_as_current_span("invoke_agent weather-agent", attributes={**agent, **totals, **messages}):
    chat(USER_MESSAGES, TOOL_CALL_MESSAGES, (120, 64, 30, 10))
    tool = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "get_weather",
        "gen_ai.tool.call.id": "call_1",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.arguments": json.dumps(CALL["arguments"]),
        "gen_ai.tool.call.result": json.dumps(RESULT["response"]),
    }
    with tracer.start_as_current_span("execute_tool get_weather", attributes=tool):
        pass
    history = [*USER_MESSAGES, {"role": "assistant", "parts": [CALL]}, {"role": "tool", "parts": [RESULT]}]
    chat(history, FINAL_MESSAGES, (160, 128, 12, 4))
    embedding = {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "text-embedding-3-small",
        "gen_ai.usage.input_tokens": 7,
    }
    with tracer.start_as_current_span("embeddings text-embedding-3-small", attributes=embedding):
        pass

with tracer.start_as_current_span("invoke_agent weather-agent", attributes=agent) as root:
    failing = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-nonsense",
        "error.type": "NotFoundError",
    }
    with tracer.start_as_current_span("chat gpt-nonsense", kind=SpanKind.CLIENT, attributes=failing) as span:
        span.set_status(Status(StatusCode.ERROR, "The model `gpt-nonsense` does not exist"))
    root.set_status(Status(StatusCode.ERROR, "no such model"))

recorder.print_spans(provider)
