"""A small agent that every library here looks at: it asks a model, calls the tool that the model wants, asks again, makes
an embedding; others whose model does not exist or does not answer. OPENAI_BASE_URL says where the model is."""

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
    """The weather in a city."""
    return {"city": city, "celsius": 21}


def answer(client, tool, question=QUESTION):
    """Two calls of a model with a tool between them; `tool` calls `get_weather` as the library wants tools called."""
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


def respond(client):
    """The newer of OpenAI's interfaces."""
    return client.responses.create(model="gpt-4o-mini", instructions=SYSTEM, input=QUESTION).output_text


def fail(client):
    """A call of a model that does not exist."""
    client.chat.completions.create(model="gpt-nonsense", messages=[{"role": "user", "content": "hello"}])


def hang(client):
    """A call of a model that does not answer in time."""
    messages = [{"role": "user", "content": "hello"}]
    client.with_options(timeout=0.3).chat.completions.create(model="gpt-slow", messages=messages)
