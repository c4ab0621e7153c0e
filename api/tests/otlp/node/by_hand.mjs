// Creates spans manually with the OpenTelemetry SDK and the attributes of the GenAI conventions, including values of
// every type that OTLP/JSON encodes differently.

import { SpanKind, SpanStatusCode, context, trace } from "@opentelemetry/api";

import { createProvider, printSpans } from "./recorder.mjs";

const provider = createProvider("weather-service");
const tracer = provider.getTracer("weather", "1.2.3");

function span(name, attributes, inner = () => {}, options = {}) {
  return tracer.startActiveSpan(name, { attributes, ...options }, (started) => {
    inner(started);
    started.end();
  });
}

const message = (role, content) => ({ role, parts: [{ type: "text", content }] });
const inputMessages = [message("user", "What is the weather in Paris?")];
const outputMessages = [{ ...message("assistant", "It is 21 degrees in Paris. ☀"), finish_reason: "stop" }];

span(
  "invoke_agent weather-agent",
  {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.agent.name": "weather-agent",
    "session.id": "session-7",
    "user.id": "user-9",
    "gen_ai.input.messages": JSON.stringify(inputMessages),
    "gen_ai.output.messages": JSON.stringify(outputMessages),
  },
  () => {
    span(
      "chat gpt-4o",
      {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 160,
        "gen_ai.usage.cache_read.input_tokens": 128,
        "gen_ai.usage.output_tokens": 12,
        "gen_ai.usage.reasoning.output_tokens": 4,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.input.messages": JSON.stringify(inputMessages),
        "gen_ai.output.messages": JSON.stringify(outputMessages),
        "test.flag": true,
        "test.negative": -7,
        "test.large": 9007199254740991,
        "test.numbers": [1, 2, 3],
      },
      (started) => started.addEvent("first chunk", { chunk: 1 }),
      { kind: SpanKind.CLIENT, links: [{ context: trace.getSpanContext(context.active()) }] },
    );
    span("execute_tool get_weather", {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "get_weather",
      "gen_ai.tool.call.id": "call_1",
      "gen_ai.tool.call.arguments": JSON.stringify({ city: "Paris" }),
      "gen_ai.tool.call.result": JSON.stringify({ city: "Paris", celsius: 21 }),
    });
  },
);

span("invoke_agent weather-agent", { "gen_ai.operation.name": "invoke_agent" }, (started) => {
  started.recordException(new RangeError("too far"));
  started.setStatus({ code: SpanStatusCode.ERROR, message: "too far" });
});

await printSpans(provider);
