// Requires OPENAI_API_KEY.
import { openai } from "@ai-sdk/openai";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { generateText } from "ai";

const sdk = new NodeSDK();
sdk.start();

generateText({
  model: openai("gpt-4o-mini"),
  prompt: "Where is my parcel?",
  experimental_telemetry: {
    isEnabled: true,
    metadata: { sessionId: "session-1", userId: "user-1" },
  },
})
  .then((answer) => console.log(answer.text))
  .finally(() => sdk.shutdown());
