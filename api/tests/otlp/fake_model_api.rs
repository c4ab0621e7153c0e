//! A fake of OpenAI's API on a free port. Its response depends only on the request: a question with tools gets a call of
//! `get_weather`, a tool result gets a sentence, `gpt-nonsense` does not exist, and `gpt-slow` never responds.

use std::{sync::LazyLock, thread};

use actix_web::{
    App, HttpResponse, HttpServer,
    web::{Json, post},
};
use serde_json::{Value, json};

use crate::fake_model_responses::responses;

/// The base URL for `OPENAI_BASE_URL`. The first use starts the server, which runs until the process ends.
pub static URL: LazyLock<String> = LazyLock::new(start);

/// The response to a tool result.
pub const SENTENCE: &str = "It is 21 degrees in Paris.";
/// The arguments of the tool call.
pub const ARGUMENTS: &str = r#"{"city":"Paris"}"#;
/// The creation time of every response, in seconds since 1970.
pub const CREATED: u64 = 1_760_000_000;

/// The token usage of a call.
#[derive(Clone, Copy)]
pub struct Usage {
    pub input: u64,
    pub cached: u64,
    pub output: u64,
    pub reasoning: u64,
}

/// The usage of a response with a tool call.
pub const CALL_USAGE: Usage = Usage { input: 120, cached: 64, output: 30, reasoning: 10 };
/// The usage of a response with a sentence.
pub const TEXT_USAGE: Usage = Usage { input: 160, cached: 128, output: 12, reasoning: 4 };
/// The tokens of an embedding.
pub const EMBEDDING_TOKENS: u64 = 7;

fn start() -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(|| {
                App::new()
                    .route("/v1/chat/completions", post().to(chat))
                    .route("/v1/responses", post().to(responses))
                    .route("/v1/embeddings", post().to(embeddings))
            });
            let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
            sender.send(format!("http://{}/v1", server.addrs()[0])).unwrap();
            server.disable_signals().run().await.unwrap();
        });
    });
    receiver.recv().unwrap()
}

/// Returns the name of the model that responds for a requested model.
pub fn dated(model: &str) -> String {
    match model {
        "gpt-4o" => "gpt-4o-2024-08-06".to_owned(),
        "gpt-4o-mini" => "gpt-4o-mini-2024-07-18".to_owned(),
        other => other.to_owned(),
    }
}

/// Returns the error response for a model that does not exist; never returns for `gpt-slow`.
pub async fn model_error(request: &Value) -> Option<HttpResponse> {
    match request["model"].as_str() {
        Some("gpt-slow") => std::future::pending().await,
        Some("gpt-nonsense") => Some(HttpResponse::NotFound().json(json!({"error": {
            "message": "The model `gpt-nonsense` does not exist or you do not have access to it.",
            "type": "invalid_request_error",
            "param": null,
            "code": "model_not_found",
        }}))),
        _ => None,
    }
}

/// Returns a stream of events in OpenAI's format.
pub fn stream(events: impl IntoIterator<Item = String>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/event-stream").body(events.into_iter().collect::<String>())
}

async fn embeddings(Json(request): Json<Value>) -> HttpResponse {
    // [0.125, 0.25, 0.5] as little-endian 32-bit floats: the format that OpenAI's own clients request.
    let embedding = if request["encoding_format"] == "base64" {
        json!("AAAAPgAAgD4AAAA/")
    } else {
        json!([0.125, 0.25, 0.5])
    };
    HttpResponse::Ok().json(json!({
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": embedding}],
        "model": request["model"],
        "usage": {"prompt_tokens": EMBEDDING_TOKENS, "total_tokens": EMBEDDING_TOKENS},
    }))
}

async fn chat(Json(request): Json<Value>) -> HttpResponse {
    if let Some(error) = model_error(&request).await {
        return error;
    }
    let last = request["messages"].as_array().and_then(|messages| messages.last());
    let calls = request["tools"].is_array() && last.is_some_and(|last| last["role"] != "tool");
    let call = json!({"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": ARGUMENTS}});
    let (message, reason, used) = if calls {
        let message = json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": [call]});
        (message, "tool_calls", CALL_USAGE)
    } else {
        (json!({"role": "assistant", "content": SENTENCE, "refusal": null}), "stop", TEXT_USAGE)
    };
    let usage = json!({
        "prompt_tokens": used.input,
        "completion_tokens": used.output,
        "total_tokens": used.input + used.output,
        "prompt_tokens_details": {"cached_tokens": used.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": used.reasoning, "audio_tokens": 0},
    });
    let completion = |object: &str, choices: Value, usage: Value| {
        json!({
            "id": "chatcmpl-1", "object": object, "created": CREATED, "system_fingerprint": "fp_1",
            "model": dated(request["model"].as_str().unwrap()), "choices": choices, "usage": usage,
        })
    };
    if request["stream"] != true {
        let choice = json!({"index": 0, "message": message, "logprobs": null, "finish_reason": reason});
        return HttpResponse::Ok().json(completion("chat.completion", json!([choice]), usage));
    }
    let deltas = if calls {
        let start = json!({"role": "assistant", "content": null, "tool_calls": [{
            "index": 0, "id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": ""},
        }]});
        let (left, right) = ARGUMENTS.split_at(7);
        let more = |part| json!({"tool_calls": [{"index": 0, "function": {"arguments": part}}]});
        vec![start, more(left), more(right)]
    } else {
        let (left, right) = SENTENCE.split_at(10);
        vec![json!({"role": "assistant", "content": ""}), json!({"content": left}), json!({"content": right})]
    };
    let chunk = |delta: Value, reason: Value| {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason});
        completion("chat.completion.chunk", json!([choice]), Value::Null)
    };
    let mut chunks: Vec<Value> = deltas.into_iter().map(|delta| chunk(delta, Value::Null)).collect();
    chunks.push(chunk(json!({}), json!(reason)));
    if request["stream_options"]["include_usage"] == true {
        chunks.push(completion("chat.completion.chunk", json!([]), usage));
    }
    let events = chunks.iter().map(|chunk| format!("data: {chunk}\n\n"));
    stream(events.chain(["data: [DONE]\n\n".to_owned()]))
}
