//! Renders a [`Run`] with its texts into the trace that an agent would send.

use std::time::Duration;

use serde_json::{Map, Value, json};
use shared::{
    Timestamp,
    span::{Span, SpanKind},
    trace::{TraceInput, TraceStatus},
};

use super::{
    agent::{Answer, Fields, Search, Step},
    conversation::Turn,
    random::Random,
    rhythm::{Minute, WEEK},
    run::{ExecutedStep, Run},
    words::Words,
};

/// The number of earlier turns in the prompt.
const EARLIER_TURNS: usize = 3;
const EMBEDDING_MODEL: &str = "text-embedding-3-small";

/// Returns the trace of a run.
pub fn trace(run: &Run) -> TraceInput {
    let of = &*run.conversation;
    let region = if of.region.starts_with("eu") { "eu" } else { "us" };
    let tags =
        of.agent.data.tags.iter().map(String::as_str).chain([if of.beta { "beta" } else { "prod" }, region]);
    TraceInput {
        trace_id: Some(format!("{:032x}", run.id)),
        agent_id: of.agent.data.id.clone(),
        timestamp: Some(run.start),
        latency_ms: millis(run.latency),
        status: run.status,
        model: Some(of.model.name.clone()),
        model_provider: Some(of.model.provider.clone()),
        tokens_input: Some(run.tokens_input),
        tokens_output: Some(run.tokens_output),
        tokens_total: Some(run.tokens_input + run.tokens_output),
        cost_usd: Some(dollars(run.cost)),
        quality_score: run.quality,
        session_id: of.session_id.clone(),
        user_id: Some(of.user_id.clone()),
        tags: tags.map(str::to_owned).collect(),
        error: run.error.clone(),
        input: Some(input(run)),
        output: (run.status == TraceStatus::Success).then(|| answer(run)),
        metadata: metadata(run),
        spans: spans(run),
    }
}

fn metadata(run: &Run) -> Map<String, Value> {
    let of = &*run.conversation;
    // A release every other week; beta is one release ahead.
    let release = Minute::of(run.start).0 / (2 * WEEK) % 100 + i64::from(of.beta);
    let mut metadata = Map::new();
    metadata.insert("region".to_owned(), of.region.into());
    metadata.insert("version".to_owned(), format!("2.{release}.0").into());
    metadata.insert("environment".to_owned(), if of.beta { "beta" } else { "production" }.into());
    if of.session_id.is_some() {
        metadata.insert("turn".to_owned(), (run.turn + 1).into());
    }
    metadata
}

/// Returns messages for a conversational agent, and text for others.
fn input(run: &Run) -> Value {
    let of = &*run.conversation;
    let Some(system) = &of.agent.data.system else { return ask(run).into() };
    let mut messages = vec![json!({"role": "system", "content": system})];
    for turn in &of.turns[run.turn.saturating_sub(EARLIER_TURNS)..run.turn] {
        messages.push(json!({"role": "user", "content": of.words.fill(turn.ask)}));
        messages.push(json!({"role": "assistant", "content": turn_answer(turn, &of.words)}));
    }
    messages.push(json!({"role": "user", "content": ask(run)}));
    messages.into()
}

fn ask(run: &Run) -> String {
    run.conversation.turns.get(run.turn).map(|turn| run.conversation.words.fill(turn.ask)).unwrap_or_default()
}

fn answer(run: &Run) -> Value {
    run.conversation
        .turns
        .get(run.turn)
        .map_or(Value::Null, |turn| turn_answer(turn, &run.conversation.words))
}

fn turn_answer(turn: &Turn, words: &Words) -> Value {
    match turn.answer {
        Answer::Text(template) => words.fill(template).into(),
        Answer::Object(fields) => object(fields, words),
    }
}

fn object(fields: &Fields, words: &Words) -> Value {
    fields
        .iter()
        .map(|(name, template)| (name.clone(), literal(words.fill(template))))
        .collect::<Map<_, _>>()
        .into()
}

/// Converts a text to a number if it looks like one.
fn literal(text: String) -> Value {
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(number), _) => number.into(),
        (_, Ok(number)) if number.is_finite() => number.into(),
        _ => text.into(),
    }
}

/// Returns the root span of the agent and the spans of its steps, in the order of their start.
fn spans(run: &Run) -> Vec<Span> {
    let mut ids = Random::of(&[u64::try_from(run.id >> 64).unwrap_or(0)]);
    let mut id = || format!("{:016x}", ids.bits());
    let root = Span {
        span_id: id(),
        name: run.conversation.agent.data.entry.clone(),
        kind: SpanKind::Agent,
        timestamp: run.start,
        latency_ms: millis(run.latency),
        status: run.status,
        error: run.error.clone(),
        input: Some(ask(run).into()),
        output: (run.status == TraceStatus::Success).then(|| answer(run)),
        ..Span::default()
    };
    let mut spans = vec![root];
    for (index, executed) in run.steps.iter().enumerate() {
        let mut span = step(run, index, executed);
        span.span_id = id();
        span.parent_span_id = Some(spans[0].span_id.clone());
        let embedding =
            matches!(executed.step, Step::Search(_)).then(|| embedding(run, executed, &span, id()));
        spans.push(span);
        spans.extend(embedding);
    }
    spans
}

fn step(run: &Run, index: usize, executed: &ExecutedStep) -> Span {
    let words = &run.conversation.words;
    let good = executed.status == TraceStatus::Success;
    let (name, kind, input, output, attributes) = match executed.step {
        Step::Guardrail(name) => {
            let checked = if index == 0 { ask(run).into() } else { answer(run) };
            (name.to_owned(), SpanKind::Guardrail, checked, json!({"passed": true}), None)
        }
        Step::Search(search) => {
            let query = json!({"query": ask(run), "top_k": search.documents.len()});
            (search.name.clone(), SpanKind::Retriever, query, documents(run, search), None)
        }
        Step::Call(tool) => {
            let call = json!({"tool_call_id": call_id(run, index)});
            (
                tool.name.clone(),
                SpanKind::Tool,
                object(&tool.arguments, words),
                object(&tool.result, words),
                Some(call),
            )
        }
        Step::Decide => {
            let calls = run.conversation.turns.get(run.turn).and_then(|turn| match turn.topic.steps.get(index + 1) {
                Some(Step::Call(tool)) => Some(json!([{
                    "id": call_id(run, index + 1), "name": tool.name, "arguments": object(&tool.arguments, words),
                }])),
                _ => None,
            });
            let attributes = json!({"temperature": 0.0, "finish_reason": "tool_calls"});
            (
                chat(run),
                SpanKind::Llm,
                prompt(run, index),
                json!({"role": "assistant", "tool_calls": calls}),
                Some(attributes),
            )
        }
        Step::Answer => {
            let attributes = json!({"temperature": 0.3, "max_tokens": 1_024, "finish_reason": "stop"});
            let output = json!({"role": "assistant", "content": answer(run)});
            (chat(run), SpanKind::Llm, prompt(run, index), output, Some(attributes))
        }
    };
    let (tokens_input, tokens_output) = executed.tokens.unzip();
    Span {
        name,
        kind,
        timestamp: moment(run, executed.offset),
        latency_ms: millis(executed.latency),
        status: executed.status,
        model: (kind == SpanKind::Llm).then(|| run.conversation.model.name.clone()),
        tokens_input,
        tokens_output,
        cost_usd: executed.tokens.map(|_| dollars(executed.cost)),
        error: executed.error.clone(),
        input: Some(input),
        output: good.then_some(output),
        attributes,
        ..Span::default()
    }
}

/// Returns the input of a step: the question, and the results of the steps before it.
fn prompt(run: &Run, index: usize) -> Value {
    let mut messages = vec![json!({"role": "user", "content": ask(run)})];
    let before = index.checked_sub(1).and_then(|before| run.steps.get(before));
    match before.map(|executed| executed.step) {
        Some(Step::Call(tool)) => messages.push(json!({
            "role": "tool", "tool_call_id": call_id(run, index - 1), "name": tool.name,
            "content": object(&tool.result, &run.conversation.words),
        })),
        Some(Step::Search(search)) => {
            let names: Vec<_> = search.documents.iter().map(|(name, _)| name.as_str()).collect();
            messages
                .insert(0, json!({"role": "system", "content": format!("Sources: {}", names.join("; "))}));
        }
        _ => {}
    }
    messages.into()
}

fn documents(run: &Run, search: &Search) -> Value {
    let mut random = Random::of(&[u64::try_from(run.id >> 64).unwrap_or(0), 1]);
    let mut score = random.between(0.78, 0.95);
    let mut documents = Vec::with_capacity(search.documents.len());
    for (title, text) in &search.documents {
        documents.push(json!({"title": title, "score": (score * 1_000.0).round() / 1_000.0, "text": text}));
        score -= random.between(0.02, 0.12);
    }
    documents.into()
}

/// Returns the embedding of the question, which takes the first third of a search.
fn embedding(run: &Run, executed: &ExecutedStep, search: &Span, span_id: String) -> Span {
    Span {
        span_id,
        parent_span_id: Some(search.span_id.clone()),
        name: format!("embed {EMBEDDING_MODEL}"),
        kind: SpanKind::Embedding,
        timestamp: moment(run, executed.offset + executed.latency / 50),
        latency_ms: millis(executed.latency / 3),
        model: Some(EMBEDDING_MODEL.to_owned()),
        input: Some(ask(run).into()),
        output: Some(json!({"dimensions": 1_536})),
        ..Span::default()
    }
}

fn chat(run: &Run) -> String {
    format!("chat {}", run.conversation.model.name)
}

fn call_id(run: &Run, index: usize) -> String {
    format!("call_{:012x}{index}", run.id >> 80)
}

fn moment(run: &Run, offset: u64) -> Timestamp {
    run.start + Duration::from_micros(offset)
}

#[expect(clippy::cast_precision_loss, reason = "minutes in microseconds")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1e3
}

#[expect(clippy::cast_precision_loss, reason = "cents in nano-dollars")]
fn dollars(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
