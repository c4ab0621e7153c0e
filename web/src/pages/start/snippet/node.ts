import { trace } from "@opentelemetry/api";
import { NodeSDK } from "@opentelemetry/sdk-node";

const sdk = new NodeSDK();
sdk.start();
const tracer = trace.getTracer("getting-started");

const message = (role: string, content: string) =>
  JSON.stringify([{ role, parts: [{ type: "text", content }] }]);
const content = {
  "gen_ai.input.messages": message("user", "Where is my parcel?"),
  "gen_ai.output.messages": message("assistant", "It arrives tomorrow."),
};
const run = { "gen_ai.operation.name": "invoke_agent", "session.id": "session-1", "user.id": "user-1" };
const call = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-4o-mini",
  "gen_ai.usage.input_tokens": 812,
  "gen_ai.usage.output_tokens": 96,
};

tracer.startActiveSpan("invoke_agent", { attributes: { ...run, ...content } }, (agent) => {
  tracer.startActiveSpan("chat gpt-4o-mini", { attributes: { ...call, ...content } }, (chat) => {
    chat.end(); // Before this, your agent calls its model.
  });
  agent.end();
});

sdk.shutdown();
