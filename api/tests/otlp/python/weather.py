"""A small agent that every instrumentation library traces: it calls a model, calls the requested tool, calls the model
again, and creates an embedding. Further functions call a model that does not exist or does not respond. OPENAI_BASE_URL
is the URL of the model."""

import json

QUESTION = "What is the weather in Paris?"
SYSTEM = "You are a weather agent."
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather in a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


def get_weather(city):
    """Returns the weather in a city."""
    return {"city": city, "celsius": 21}


def run(client, tool, question=QUESTION):
    """Calls a model, a tool, and the model again. `tool` calls `get_weather` through the instrumentation."""
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
    first = client.chat.completions.create(model="gpt-4o", messages=messages, tools=TOOLS, temperature=0.5)
    message = first.choices[0].message
    call = message.tool_calls[0]
    result = tool(call.id, **json.loads(call.function.arguments))
    messages.append(message.model_dump(exclude_none=True))
    messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})
    second = client.chat.completions.create(
        model="gpt-4o",
        messages=messages,
        tools=TOOLS,
        stream=True,
        stream_options={"include_usage": True},
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in second if chunk.choices)
    client.embeddings.create(model="text-embedding-3-small", input=text)
    return text


def use_responses_api(client):
    """Calls a model through OpenAI's Responses API."""
    return client.responses.create(model="gpt-4o-mini", instructions=SYSTEM, input=QUESTION).output_text


def call_unknown_model(client):
    """Calls a model that does not exist."""
    client.chat.completions.create(model="gpt-nonsense", messages=[{"role": "user", "content": "hello"}])


def time_out(client):
    """Calls a model that does not respond before the timeout."""
    messages = [{"role": "user", "content": "hello"}]
    client.with_options(timeout=0.3).chat.completions.create(model="gpt-slow", messages=messages)
