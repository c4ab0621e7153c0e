//! Senders, models, usage and status.

use domain::trace::record::Basis;
use serde_json::json;
use shared::{span::SpanKind, trace::TraceStatus};

use super::*;

/// A token count of a span.
type Counted = fn(&IncomingSpan) -> Option<i64>;

#[test]
fn a_stated_kind_takes_precedence_over_an_inferred_one() {
    for (attributes, kind) in [
        (json!({"gen_ai.operation.name": "chat"}), SpanKind::Llm),
        (json!({"gen_ai.operation.name": "text_completion"}), SpanKind::Llm),
        (json!({"gen_ai.operation.name": "generate_content"}), SpanKind::Llm),
        (json!({"gen_ai.operation.name": "embeddings"}), SpanKind::Embedding),
        (json!({"gen_ai.operation.name": "execute_tool"}), SpanKind::Tool),
        (json!({"gen_ai.operation.name": "retrieval"}), SpanKind::Retriever),
        (json!({"gen_ai.operation.name": "invoke_agent"}), SpanKind::Agent),
        (json!({"gen_ai.operation.name": "create_agent"}), SpanKind::Agent),
        (json!({"gen_ai.operation.name": "invoke_workflow"}), SpanKind::Chain),
        (json!({"gen_ai.operation.name": "plan"}), SpanKind::Chain),
        (json!({"openinference.span.kind": "LLM"}), SpanKind::Llm),
        (json!({"openinference.span.kind": "CHAIN"}), SpanKind::Chain),
        (json!({"openinference.span.kind": "RERANKER"}), SpanKind::Reranker),
        (json!({"openinference.span.kind": "GUARDRAIL"}), SpanKind::Guardrail),
        (json!({"openinference.span.kind": "EVALUATOR"}), SpanKind::Evaluator),
        (json!({"openinference.span.kind": "PROMPT"}), SpanKind::Prompt),
        (json!({"traceloop.span.kind": "workflow"}), SpanKind::Chain),
        (json!({"traceloop.span.kind": "task"}), SpanKind::Chain),
        (json!({"traceloop.span.kind": "agent"}), SpanKind::Agent),
        (json!({"traceloop.span.kind": "tool"}), SpanKind::Tool),
        (json!({"ai.operationId": "ai.generateText"}), SpanKind::Chain),
        (json!({"ai.operationId": "ai.generateText.doGenerate"}), SpanKind::Llm),
        (json!({"ai.operationId": "ai.streamObject.doStream"}), SpanKind::Llm),
        (json!({"ai.operationId": "ai.toolCall"}), SpanKind::Tool),
        (json!({"ai.operationId": "ai.embedMany.doEmbed"}), SpanKind::Embedding),
        (json!({"llm.request.type": "chat"}), SpanKind::Llm),
        (json!({"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 1}), SpanKind::Llm),
        (json!({"gen_ai.tool.name": "get_weather"}), SpanKind::Tool),
        (json!({"retrieval.documents.0.document.content": "x"}), SpanKind::Retriever),
        (json!({"gen_ai.agent.name": "weather-agent"}), SpanKind::Agent),
        (json!({"http.request.method": "GET"}), SpanKind::Unknown),
        // The first known one counts, from left to right.
        (json!({"gen_ai.operation.name": "chat", "openinference.span.kind": "TOOL"}), SpanKind::Llm),
        (json!({"gen_ai.operation.name": "guess", "openinference.span.kind": "TOOL"}), SpanKind::Tool),
        (json!({"openinference.span.kind": "AGENT", "traceloop.span.kind": "tool"}), SpanKind::Agent),
        (json!({"traceloop.span.kind": "tool", "gen_ai.request.model": "gpt-4o"}), SpanKind::Tool),
    ] {
        assert_eq!(mapped(attributes.clone()).0.span.kind, kind, "{attributes}");
    }
}

#[test]
fn the_first_present_attribute_gives_provider_and_model_unchanged() {
    let providers =
        ["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider"];
    let models = [
        "gen_ai.response.model",
        "gen_ai.request.model",
        "llm.response.model_name",
        "llm.model_name",
        "llm.request.model_name",
        "embedding.model_name",
        "ai.model.id",
    ];
    for names in [providers.as_slice(), &models] {
        for first in 0..names.len() {
            let attributes =
                names[first..].iter().map(|name| ((*name).to_owned(), json!(format!("Of/{name}"))));
            let (span, _) = mapped(Value::Object(attributes.collect()));
            let found = if names == providers { span.span.model_provider } else { span.span.model };
            assert_eq!(found.unwrap(), format!("Of/{}", names[first]));
        }
    }
}

#[test]
fn a_failed_openinference_call_has_the_requested_model() {
    let (span, _) = mapped(json!({"llm.invocation_parameters": "{\"model\": \"gpt-nonsense\"}"}));
    assert_eq!(span.span.model.as_deref(), Some("gpt-nonsense"));
    let attributes = json!({"llm.invocation_parameters": "{\"model\": \"gpt-4o\"}", "llm.model_name": "gpt-4o-2024-08-06"});
    assert_eq!(mapped(attributes).0.span.model.as_deref(), Some("gpt-4o-2024-08-06"));
    for nothing in ["{\"model\": 1}", "[]", "gpt-4o"] {
        assert_eq!(mapped(json!({"llm.invocation_parameters": nothing})).0.span.model, None);
    }
}

#[test]
fn the_first_attribute_with_a_number_gives_the_tokens() {
    let rows: [(&[&str], Counted); 5] = [
        (
            &[
                "gen_ai.usage.input_tokens",
                "gen_ai.usage.prompt_tokens",
                "llm.token_count.prompt",
                "ai.usage.inputTokens",
                "ai.usage.promptTokens",
            ],
            |span| span.span.tokens_input,
        ),
        (
            &[
                "gen_ai.usage.output_tokens",
                "gen_ai.usage.completion_tokens",
                "llm.token_count.completion",
                "ai.usage.outputTokens",
                "ai.usage.completionTokens",
            ],
            |span| span.span.tokens_output,
        ),
        (
            &[
                "gen_ai.usage.cache_read.input_tokens",
                "gen_ai.usage.cache_read_input_tokens",
                "gen_ai.usage.cache_read_tokens",
                "gen_ai.usage.input_cached_tokens",
                "llm.token_count.prompt_details.cache_read",
                "ai.usage.cachedInputTokens",
            ],
            |span| span.span.tokens_cache_read,
        ),
        (
            &[
                "gen_ai.usage.cache_write.input_tokens",
                "gen_ai.usage.cache_creation.input_tokens",
                "gen_ai.usage.cache_creation_input_tokens",
                "gen_ai.usage.cache_write_tokens",
                "llm.token_count.prompt_details.cache_write",
            ],
            |span| span.span.tokens_cache_write,
        ),
        (
            &[
                "gen_ai.usage.reasoning.output_tokens",
                "gen_ai.usage.reasoning_tokens",
                "llm.token_count.completion_details.reasoning",
                "ai.usage.reasoningTokens",
            ],
            |span| span.span.tokens_reasoning,
        ),
    ];
    for (names, found) in rows {
        for first in 0..names.len() {
            let attributes = names.iter().enumerate().map(|(place, name)| {
                // The attributes before it hold no number.
                let value = if place < first { json!("many") } else { json!(place) };
                ((*name).to_owned(), value)
            });
            let (span, _) = mapped(Value::Object(attributes.collect()));
            assert_eq!(found(&span), i64::try_from(first).ok(), "{}", names[first]);
        }
    }
    for (value, tokens) in [
        (json!("12"), Some(12)),
        (json!(12.0), Some(12)),
        (json!(1.5), None),
        (json!(-1), None),
        (json!(1_000_000_001), None),
        (json!(true), None),
        (json!(null), None),
    ] {
        let (span, _) = mapped(json!({"gen_ai.usage.input_tokens": value}));
        assert_eq!(span.span.tokens_input, tokens, "{value}");
    }
}

#[test]
fn keeps_a_sent_cost_to_the_nano_dollar() {
    for (attributes, cost) in [
        (json!({"gen_ai.usage.cost": 0.000_123_456_789, "llm.cost.total": 5}), Some(123_457)),
        (json!({"llm.cost.total": 0.1}), Some(100_000_000)),
        (json!({"llm.cost.total": "0.0029"}), Some(2_900_000)),
        (json!({"gen_ai.usage.cost": 0}), Some(0)),
        (json!({"gen_ai.usage.cost": -1, "llm.cost.total": 2}), Some(2_000_000_000)),
        (json!({"gen_ai.usage.cost": "free"}), None),
        (json!({"gen_ai.usage.cost": 10_000.1}), None),
        (json!({}), None),
    ] {
        let (span, _) = mapped(attributes.clone());
        let basis = if cost.is_some() { Basis::Reported } else { Basis::Unknown };
        assert_eq!((span.span.cost, span.span.basis), (cost, basis), "{attributes}");
    }
}

#[test]
fn finds_agent_session_user_and_tags() {
    let (span, _) = mapped(json!({
        "gen_ai.agent.id": "asst_5j66UpCpwteGg4YSxUnt7lPY", "gen_ai.agent.name": "Weather", "agent.name": "w",
        "session.id": "session-7", "gen_ai.conversation.id": "conv-1", "user.id": "user-9", "tag.tags": ["prod", "eu"],
    }));
    assert_eq!(span.agent_id.as_deref(), Some("Weather"), "some frameworks create a new id at every start");
    assert_eq!((span.session_id.as_deref(), span.user_id.as_deref()), (Some("session-7"), Some("user-9")));
    assert_eq!((span.tags.as_deref(), span.service.as_deref()), (Some(r#"["prod","eu"]"#), Some("weather")));
    for (attributes, agent, session, user) in [
        (
            json!({"gen_ai.agent.name": "Weather", "gen_ai.conversation.id": "c"}),
            Some("Weather"),
            Some("c"),
            None,
        ),
        (json!({"agent.name": "w"}), Some("w"), None, None),
        (
            json!({
                "ai.telemetry.functionId": "answer", "ai.telemetry.metadata.sessionId": 7,
                "ai.telemetry.metadata.userId": "u",
            }),
            Some("answer"),
            Some("7"),
            Some("u"),
        ),
        (
            json!({
                "traceloop.association.properties.session_id": "s", "traceloop.association.properties.user_id": "u",
            }),
            None,
            Some("s"),
            Some("u"),
        ),
        (json!({"session.id": " ", "gen_ai.agent.name": ""}), None, None, None),
    ] {
        let (span, _) = mapped(attributes.clone());
        let found = (span.agent_id.as_deref(), span.session_id.as_deref(), span.user_id.as_deref());
        assert_eq!(found, (agent, session, user), "{attributes}");
    }
    let tags = |tags: Value| mapped(json!({"tag.tags": tags})).0.tags;
    assert_eq!(tags(json!("[\"a\", \"b\"]")).as_deref(), Some(r#"["a","b"]"#), "as JSON in a text");
    assert_eq!(tags(json!("prod")).as_deref(), Some(r#"["prod"]"#));
    assert_eq!(tags(json!([])), None);
    let many: Vec<Value> = (0..100).map(|tag| json!(tag.to_string())).collect();
    assert_eq!(tags(json!(many)).unwrap().matches(',').count(), 63);
}

#[test]
fn costs_are_read_under_the_names_that_are_sent() {
    for (attributes, nanos) in [
        (json!({"gen_ai.usage.cost": 0.5}), Some(500_000_000)),
        (json!({"gen_ai.cost.total_cost": 9e-05, "gen_ai.cost.input_cost": 2e-05}), Some(90_000)),
        (json!({"litellm.cost.total": "0.25"}), Some(250_000_000)),
        (json!({"operation.cost": 0.01266}), Some(12_660_000)),
        (json!({"llm.cost.prompt": 0.002, "llm.cost.completion": 0.001}), Some(3_000_000)),
        (json!({"llm.cost.prompt": 0.002, "llm.cost.total": 0.004}), Some(4_000_000)),
        (json!({"langfuse.observation.cost_details": r#"{"total": 0.005615}"#}), Some(5_615_000)),
        (
            json!({"langfuse.observation.cost_details": r#"{"input": 0.001, "output": 0.002}"#}),
            Some(3_000_000),
        ),
        (json!({"gen_ai.cost.input_cost": 0.1}), None),
        (json!({"operation.cost": "free"}), None),
        (json!({"operation.cost": -1}), None),
    ] {
        let (span, _) = mapped(attributes.clone());
        assert_eq!(span.span.cost, nanos, "{attributes}");
        assert_eq!(span.span.basis == Basis::Reported, nanos.is_some(), "{attributes}");
    }
}

#[test]
fn a_total_says_whether_cache_and_reasoning_are_apart() {
    let counts = |total: i64, input: i64, output: i64| {
        let attributes = json!({
            "gen_ai.usage.input_tokens": input, "gen_ai.usage.output_tokens": output,
            "gen_ai.usage.cache_read_input_tokens": 1000, "gen_ai.usage.reasoning_tokens": 50,
            "gen_ai.usage.total_tokens": total,
        });
        let (span, _) = mapped(attributes);
        (span.span.tokens_input.unwrap(), span.span.tokens_output.unwrap())
    };
    assert_eq!(counts(6100, 6000, 100), (6000, 100), "both are included");
    assert_eq!(counts(6100, 5000, 100), (6000, 100), "the cache is apart");
    assert_eq!(counts(6150, 6000, 100), (6000, 150), "the reasoning is apart");
    assert_eq!(counts(6150, 5000, 100), (6000, 150), "both are apart");
    assert_eq!(counts(9999, 5000, 100), (5000, 100), "the total means something else");
    let (span, _) = mapped(json!({
        "llm.token_count.prompt": 5000, "llm.token_count.completion": 100, "llm.token_count.total": 6100,
        "llm.token_count.prompt_details.cache_read": 400, "llm.token_count.prompt_details.cache_write": 600,
    }));
    assert_eq!(span.span.tokens_input, Some(6000));
}

#[test]
fn langfuse_and_claude_code_count_the_cache_apart() {
    let (langfuse, _) = mapped(json!({
        "langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o",
        "langfuse.observation.usage_details":
            r#"{"input": 86, "input_cached_tokens": 1920, "output": 250, "output_reasoning_tokens": 50}"#,
    }));
    let span = langfuse.span;
    assert_eq!((span.kind, span.model.as_deref()), (SpanKind::Llm, Some("gpt-4o")));
    assert_eq!((span.tokens_input, span.tokens_cache_read), (Some(2006), Some(1920)));
    assert_eq!((span.tokens_output, span.tokens_reasoning), (Some(300), Some(50)));

    let (claude, _) = mapped(json!({
        "span.type": "llm_request", "gen_ai.system": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5",
        "input_tokens": 2, "output_tokens": 1200, "cache_read_tokens": 84562, "cache_creation_tokens": 7096,
    }));
    let span = claude.span;
    assert_eq!((span.kind, span.tokens_input, span.tokens_output), (SpanKind::Llm, Some(91660), Some(1200)));
    assert_eq!((span.tokens_cache_read, span.tokens_cache_write), (Some(84562), Some(7096)));

    let (other, _) = mapped(json!({"input_tokens": 2, "gen_ai.request.model": "gpt-4o"}));
    assert_eq!(other.span.tokens_input, None, "names without a prefix may mean anything");
}

#[test]
fn a_failed_span_has_a_status_and_an_error() {
    let raised = |kind: &str, message: &str, span: Span| Span {
        events: vec![event("exception", json!({"exception.type": kind, "exception.message": message}))],
        ..span
    };
    for (sent, status, error) in [
        (span(json!({"error.type": "ignored"})), TraceStatus::Success, None),
        (
            failed("no such model", span(json!({"error.type": "NotFoundError"}))),
            TraceStatus::Error,
            Some("no such model"),
        ),
        (failed("", span(json!({"error.type": "NotFoundError"}))), TraceStatus::Error, Some("NotFoundError")),
        (
            raised("openai.NotFoundError", "404", failed("", span(json!({"error.type": "x"})))),
            TraceStatus::Error,
            Some("openai.NotFoundError: 404"),
        ),
        (failed("", span(json!({}))), TraceStatus::Error, None),
        (failed("m", span(json!({"error.type": "openai.APITimeoutError"}))), TraceStatus::Timeout, Some("m")),
        (failed("m", span(json!({"error.type": "504"}))), TraceStatus::Timeout, Some("m")),
        (failed("m", span(json!({"error.type": "DEADLINE_EXCEEDED"}))), TraceStatus::Timeout, Some("m")),
        (failed("Request timed out.", span(json!({}))), TraceStatus::Timeout, Some("Request timed out.")),
        (failed("HTTP 408", span(json!({}))), TraceStatus::Timeout, Some("HTTP 408")),
        (failed("Error code: 504", span(json!({}))), TraceStatus::Timeout, Some("Error code: 504")),
        (
            failed("timeout of 30000ms exceeded", span(json!({}))),
            TraceStatus::Timeout,
            Some("timeout of 30000ms exceeded"),
        ),
        (failed("m", span(json!({"http.response.status_code": 504}))), TraceStatus::Timeout, Some("m")),
        // A timeout or a number that is mentioned for another reason.
        (
            failed("timeout must be positive", span(json!({"error.type": "ValueError"}))),
            TraceStatus::Error,
            Some("timeout must be positive"),
        ),
        (failed("Row 504 is invalid", span(json!({}))), TraceStatus::Error, Some("Row 504 is invalid")),
        (failed("4080 rows", span(json!({}))), TraceStatus::Error, Some("4080 rows")),
        (
            raised("httpx.ReadTimeout", "", failed("", span(json!({})))),
            TraceStatus::Timeout,
            Some("httpx.ReadTimeout"),
        ),
    ] {
        let (span, ..) = full(sent.clone());
        assert_eq!((span.span.status, span.span.error.as_deref()), (status, error), "{sent:?}");
    }
    let ok = Span { status: Some(Status { code: 1, message: "fine".to_owned() }), ..span(json!({})) };
    assert_eq!(full(ok).0.span.status, TraceStatus::Success);
    let long = full(failed(&"ü".repeat(20_000), span(json!({})))).0.span.error.unwrap();
    assert_eq!(long.len(), 16 * 1024);
}

#[test]
fn evaluations_become_scores() {
    let name = "gen_ai.evaluation.name";
    let of_event = |attributes: Value| {
        full(Span { events: vec![event("gen_ai.evaluation.result", attributes)], ..span(json!({})) }).2
    };
    let scores = of_event(json!({
        name: "Relevance", "gen_ai.evaluation.score.value": 0.5, "gen_ai.evaluation.score.label": "relevant",
        "gen_ai.evaluation.explanation": "It answers.",
    }));
    assert_eq!((scores[0].name.as_str(), scores[0].score), ("Relevance", 50_000_000));
    assert_eq!(scores[0].comment.as_deref(), Some("relevant: It answers."));
    assert_eq!(scores[0].trace_id, "0102030405060708090a0b0c0d0e0f10");
    for (value, score) in [
        (json!(0), Some(0)),
        (json!(1), Some(100_000_000)),
        (json!(87.5), Some(87_500_000)),
        (json!("0.25"), Some(25_000_000)),
        (json!(101), None),
        (json!(-0.5), None),
        (json!("good"), None),
    ] {
        let scores = of_event(json!({name: "x", "gen_ai.evaluation.score.value": value}));
        assert_eq!(scores.first().map(|score| score.score), score, "{value}");
    }
    assert!(of_event(json!({name: "x", "gen_ai.evaluation.score.label": "pass"})).is_empty(), "no number");

    let (.., scores) = full(span(json!({name: "of the span", "gen_ai.evaluation.score.value": 1})));
    assert_eq!(scores[0].name, "of the span");
    let (.., scores) = full(span(json!({
        "evaluations.0.evaluation.name": "correctness", "evaluations.0.evaluation.score": 1.0,
        "evaluations.0.evaluation.label": "correct", "evaluations.1.evaluation.score": 0,
        "evaluations.1.evaluation.explanation": "Nothing of it is true.",
    })));
    assert_eq!((scores[0].name.as_str(), scores[0].score), ("correctness", 100_000_000));
    assert_eq!((scores[1].name.as_str(), scores[1].score), ("quality", 0));
    assert_eq!(scores[1].comment.as_deref(), Some("Nothing of it is true."));
}

#[test]
fn an_evaluation_before_its_span_or_in_the_future_gets_a_time_of_the_span() {
    let of = |nanos: u64, start: u64| {
        let judged = json!({"gen_ai.evaluation.score.value": 1});
        let judged = Event { time_unix_nano: nanos, ..event("gen_ai.evaluation.result", judged) };
        let span = Span { start_time_unix_nano: start, end_time_unix_nano: start, ..span(json!({})) };
        full(Span { events: vec![judged], ..span }).2[0].timestamp
    };
    let start = Timestamp::from_micros(i64::try_from(NOON_NANOS / 1000).unwrap());
    assert_eq!(of(1, NOON_NANOS), start);
    assert_eq!(of(u64::MAX, NOON_NANOS), arrival().now);
    assert_eq!(of(1, NOON_NANOS + 3_600_000_000_000), arrival().now, "the sender's clock is ahead");
    assert_eq!(of(NOON_NANOS + 2_000_000_000, NOON_NANOS).since(start), std::time::Duration::from_secs(2));
}
