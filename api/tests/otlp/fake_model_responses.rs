//! OpenAI's Responses API, `/v1/responses`, on the same fake server.

use actix_web::{HttpResponse, web::Json};
use serde_json::{Value, json};

use crate::fake_model_api::{
    ARGUMENTS, CALL_USAGE, CREATED, SENTENCE, TEXT_USAGE, Usage, dated, model_error, stream,
};

/// Handles `POST /v1/responses`.
pub async fn responses(Json(request): Json<Value>) -> HttpResponse {
    if let Some(error) = model_error(&request).await {
        return error;
    }
    let items = request["input"].as_array().map(Vec::as_slice).unwrap_or_default();
    let has_tool_result = items.iter().any(|item| item["type"] == "function_call_output");
    let (item, used) = if request["tools"].is_array() && !has_tool_result {
        let call = json!({
            "type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "get_weather",
            "arguments": ARGUMENTS, "status": "completed",
        });
        (call, CALL_USAGE)
    } else {
        let part = json!({"type": "output_text", "text": SENTENCE, "annotations": []});
        let message = json!({
            "type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [part],
        });
        (message, TEXT_USAGE)
    };
    let response = response(&request, &item, used);
    if request["stream"] != true {
        return HttpResponse::Ok().json(response);
    }
    let events = events(&response, &item);
    let numbered = events.into_iter().enumerate().map(|(number, mut event)| {
        event["sequence_number"] = number.into();
        format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())
    });
    stream(numbered)
}

fn response(request: &Value, item: &Value, used: Usage) -> Value {
    json!({
        "id": "resp_1", "object": "response", "created_at": CREATED, "status": "completed", "error": null,
        "incomplete_details": null, "instructions": request["instructions"], "max_output_tokens": null,
        "model": dated(request["model"].as_str().unwrap()), "output": [item], "parallel_tool_calls": true,
        "previous_response_id": null, "reasoning": {"effort": null, "summary": null}, "store": true,
        "temperature": 1.0, "text": {"format": {"type": "text"}}, "tool_choice": "auto",
        "tools": request["tools"].as_array().cloned().unwrap_or_default(), "top_p": 1.0,
        "truncation": "disabled", "user": null, "metadata": {},
        "usage": {
            "input_tokens": used.input,
            "input_tokens_details": {"cached_tokens": used.cached},
            "output_tokens": used.output,
            "output_tokens_details": {"reasoning_tokens": used.reasoning},
            "total_tokens": used.input + used.output,
        },
    })
}

fn events(response: &Value, item: &Value) -> Vec<Value> {
    let mut created = response.clone();
    created["status"] = json!("in_progress");
    created["output"] = json!([]);
    created["usage"] = Value::Null;
    let mut empty = item.clone();
    empty["status"] = json!("in_progress");
    let place = |kind: &str, more: Value| {
        let mut event = json!({"type": kind, "output_index": 0, "item_id": item["id"]});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let mut events = vec![json!({"type": "response.created", "response": created})];
    if item["type"] == "message" {
        let part = &item["content"][0];
        empty["content"] = json!([]);
        let (left, right) = SENTENCE.split_at(10);
        let delta = |text| place("response.output_text.delta", json!({"content_index": 0, "delta": text}));
        let started =
            json!({"content_index": 0, "part": {"type": "output_text", "text": "", "annotations": []}});
        events.extend([
            place("response.output_item.added", json!({"item": empty})),
            place("response.content_part.added", started),
            delta(left),
            delta(right),
            place("response.output_text.done", json!({"content_index": 0, "text": SENTENCE})),
            place("response.content_part.done", json!({"content_index": 0, "part": part})),
        ]);
    } else {
        empty["arguments"] = json!("");
        events.extend([
            place("response.output_item.added", json!({"item": empty})),
            place("response.function_call_arguments.delta", json!({"delta": ARGUMENTS})),
            place("response.function_call_arguments.done", json!({"arguments": ARGUMENTS})),
        ]);
    }
    events.push(place("response.output_item.done", json!({"item": item})));
    events.push(json!({"type": "response.completed", "response": response}));
    events
}
