// Runs the agent with the telemetry of the Vercel AI SDK and the model at OPENAI_BASE_URL.

import { createOpenAI } from "@ai-sdk/openai";
import { embed, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

import { createProvider, printSpans } from "./recorder.mjs";

const provider = createProvider("weather-service");
const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL });
const telemetry = (functionId) => ({
  experimental_telemetry: {
    isEnabled: true,
    functionId,
    metadata: { sessionId: "session-7", userId: "user-9", region: "eu" },
  },
});
const tools = {
  get_weather: tool({
    description: "The weather in a city",
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => ({ city, celsius: 21 }),
  }),
};
const question = { system: "You are a weather agent.", prompt: "What is the weather in Paris?" };

await generateText({
  model: openai("gpt-4o"),
  ...question,
  tools,
  stopWhen: stepCountIs(3),
  ...telemetry("weather-agent"),
});

const streamed = streamText({ model: openai.chat("gpt-4o-mini"), ...question, ...telemetry("stream") });
for await (const _ of streamed.textStream);

await embed({ model: openai.embedding("text-embedding-3-small"), value: "sunny", ...telemetry("embedding") });

try {
  await generateText({ model: openai.chat("gpt-nonsense"), prompt: "hello", maxRetries: 0, ...telemetry("failing") });
} catch {}

await printSpans(provider);
