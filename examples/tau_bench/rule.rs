//! The rule by which a recorded run of τ-bench becomes a trace. The recordings hold no clock times and no token counts, so
//! both are derived, always the same way; `expect.rs` reckons the totals from the same recordings by another path.
//!
//! - **Tokens** of a message: its characters / 4, rounded up. Characters are those of `content`, and of a tool call's name
//!   and arguments.
//! - **Model call**: one for every assistant message. In go the tokens of all messages before it, out come its own.
//! - **Cost**: gpt-4o's list price, $2.50 per million tokens in and $10.00 per million out: 2,500 and 10,000 nano-dollars a token.
//! - **Latency**: a model call takes 400 ms and 12 ms per token out, a tool call 150 ms and 2 ms per token of its reply. The
//!   person's own time counts nothing. A run takes the sum of its calls, one after the other.
//! - **Start**: run k of N, in the file's order, starts at `end − spread × (N − k) / (N + 1)`, so that no run touches the
//!   window's edges.
//! - **Status**: `error` where the run's last tool call was answered with a text that begins with `Error`, which is then the
//!   run's error; `success` otherwise, whatever the reward. A tool call's own status follows the same test.
//! - **Quality**: reward × 100.
//! - **Names**: trace `tau-airline-{task}-{trial}`, agent `tau-airline-gpt-4o`, session `tau-airline-task-{task}`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::{
    Timestamp,
    span::{Span, SpanKind},
    trace::{TraceInput, TraceStatus},
};

/// Nano-dollars of a token in.
pub const INPUT_PRICE: u64 = 2_500;
/// Nano-dollars of a token out.
pub const OUTPUT_PRICE: u64 = 10_000;
/// Milliseconds of a model call, and of each token that it gives.
pub const CALL_MS: (u64, u64) = (400, 12);
/// Milliseconds of a tool call, and of each token of its reply.
pub const TOOL_MS: (u64, u64) = (150, 2);

const MODEL: &str = "gpt-4o";

/// A recorded run.
#[derive(Clone, Debug, Deserialize)]
pub struct Recording {
    /// Which task.
    pub task_id: u32,
    /// Which attempt at it.
    pub trial: u32,
    /// 1 where the goal was reached, else 0.
    pub reward: f64,
    /// About the task.
    pub info: Info,
    /// What was said, in order.
    pub traj: Vec<Message>,
}

/// About a task.
#[derive(Clone, Debug, Deserialize)]
pub struct Info {
    /// What was to be done.
    pub task: Task,
    /// US dollars that playing the person cost.
    pub user_cost: Option<f64>,
}

/// What was to be done.
#[derive(Clone, Debug, Deserialize)]
pub struct Task {
    /// For whom.
    pub user_id: String,
    /// What the person wants.
    pub instruction: String,
}

/// Something that was said.
#[derive(Clone, Debug, Deserialize)]
pub struct Message {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: String,
    /// The words.
    pub content: Option<String>,
    /// Tools that the assistant calls.
    pub tool_calls: Option<Vec<ToolCall>>,
    /// Which call a tool answers.
    pub tool_call_id: Option<String>,
    /// Which tool answers.
    pub name: Option<String>,
}

/// A call of a tool.
#[derive(Clone, Debug, Deserialize)]
pub struct ToolCall {
    /// What its answer refers to.
    pub id: String,
    /// What is called.
    pub function: Function,
}

/// What is called.
#[derive(Clone, Debug, Deserialize)]
pub struct Function {
    /// The tool.
    pub name: String,
    /// Its arguments: JSON as text.
    pub arguments: String,
}

impl Message {
    /// The message's tokens by the rule.
    pub fn tokens(&self) -> u64 {
        let content = self.content.as_deref().unwrap_or_default();
        let calls = self.calls().iter().flat_map(|call| [&*call.function.name, &*call.function.arguments]);
        let characters: usize = [content].into_iter().chain(calls).map(|text| text.chars().count()).sum();
        characters.div_ceil(4) as u64
    }

    /// The tools that it calls.
    pub fn calls(&self) -> &[ToolCall] {
        self.tool_calls.as_deref().unwrap_or_default()
    }

    /// Whether it is a tool's answer that reports a failure.
    pub fn is_failure(&self) -> bool {
        self.role == "tool" && self.content.as_deref().is_some_and(|content| content.starts_with("Error"))
    }
}

/// The traces of all recordings, spread over the time before `end`.
pub fn traces(recordings: &[Recording], end: Timestamp, spread: Duration) -> Vec<TraceInput> {
    let count = u32::try_from(recordings.len()).unwrap_or(u32::MAX);
    let starts = (0..count).map(|nth| end - spread / (count + 1) * (count - nth));
    recordings.iter().zip(starts).map(|(recording, start)| trace(recording, start)).collect()
}

/// The trace of a recording that starts at `start`.
pub fn trace(recording: &Recording, start: Timestamp) -> TraceInput {
    let mut walk = Walk { messages: &recording.traj, start, at: 0, before: 0, unseen: 0, spans: Vec::new() };
    for index in 0..recording.traj.len() {
        walk.step(index);
    }
    let (latency_ms, steps) = (walk.at, walk.spans);
    let last_reply = recording.traj.iter().rfind(|message| message.role == "tool");
    let error = last_reply.filter(|reply| reply.is_failure()).and_then(|reply| reply.content.clone());
    let status = if error.is_some() { TraceStatus::Error } else { TraceStatus::Success };
    let input = said(recording.traj.iter().find(|message| message.role == "user"));
    let output =
        said(recording.traj.iter().rfind(|message| message.role == "assistant" && message.content.is_some()));
    let sum = |part: fn(&Span) -> Option<u64>| steps.iter().filter_map(part).sum::<u64>();
    let (tokens_input, tokens_output) = (sum(|span| span.tokens_input), sum(|span| span.tokens_output));
    let root = Span {
        span_id: "run".to_owned(),
        name: "airline agent".to_owned(),
        kind: SpanKind::Agent,
        timestamp: start,
        latency_ms: latency_ms as f64,
        status,
        error: error.clone(),
        input: input.clone(),
        output: output.clone(),
        ..Span::default()
    };
    let (task, trial) = (recording.task_id, recording.trial);
    TraceInput {
        trace_id: Some(format!("tau-airline-{task}-{trial}")),
        agent_id: "tau-airline-gpt-4o".to_owned(),
        timestamp: Some(start),
        latency_ms: latency_ms as f64,
        status,
        model: Some(MODEL.to_owned()),
        model_provider: Some("openai".to_owned()),
        tokens_input: Some(tokens_input),
        tokens_output: Some(tokens_output),
        tokens_total: Some(tokens_input + tokens_output),
        cost_usd: Some(dollars(tokens_input, tokens_output)),
        quality_score: Some(recording.reward * 100.0),
        session_id: Some(format!("tau-airline-task-{task}")),
        user_id: Some(recording.info.task.user_id.clone()),
        tags: vec!["tau-bench".to_owned(), "airline".to_owned()],
        error,
        input,
        output,
        metadata: metadata(recording),
        spans: [root].into_iter().chain(steps).collect(),
    }
}

fn metadata(recording: &Recording) -> Map<String, Value> {
    let mut metadata = Map::new();
    metadata.insert("task_id".to_owned(), recording.task_id.into());
    metadata.insert("trial".to_owned(), recording.trial.into());
    metadata.insert("reward".to_owned(), recording.reward.into());
    metadata.insert("instruction".to_owned(), recording.info.task.instruction.clone().into());
    if let Some(cost) = recording.info.user_cost {
        metadata.insert("user_cost_usd".to_owned(), cost.into());
    }
    metadata
}

/// A way through the messages.
struct Walk<'a> {
    messages: &'a [Message],
    start: Timestamp,
    /// Milliseconds since the start.
    at: u64,
    /// Tokens of the messages so far.
    before: u64,
    /// The first message that no model call has been shown as new.
    unseen: usize,
    spans: Vec<Span>,
}

impl Walk<'_> {
    fn step(&mut self, index: usize) {
        let Some(message) = self.messages.get(index) else { return };
        let tokens = message.tokens();
        match message.role.as_str() {
            "assistant" => self.model_call(index, message, tokens),
            "tool" => self.tool_call(index, message, tokens),
            _ => {}
        }
        self.before += tokens;
    }

    fn model_call(&mut self, index: usize, message: &Message, tokens: u64) {
        // What is new since the last call: the system's and the person's words, or a tool's reply.
        let new: Vec<_> = self.messages[self.unseen..index].iter().map(shown).collect();
        self.unseen = index + 1;
        let span = Span {
            name: format!("chat {MODEL}"),
            kind: SpanKind::Llm,
            model: Some(MODEL.to_owned()),
            tokens_input: Some(self.before),
            tokens_output: Some(tokens),
            cost_usd: Some(dollars(self.before, tokens)),
            input: Some(new.into()),
            output: Some(shown(message)),
            ..Span::default()
        };
        self.push(index, span, CALL_MS.0 + CALL_MS.1 * tokens);
    }

    fn tool_call(&mut self, index: usize, message: &Message, tokens: u64) {
        let calls = self.messages[..index].iter().rev().flat_map(Message::calls);
        let call = message.tool_call_id.as_ref().and_then(|id| calls.into_iter().find(|call| call.id == *id));
        let failed = message.is_failure();
        let span = Span {
            name: message.name.clone().unwrap_or_else(|| "tool".to_owned()),
            kind: SpanKind::Tool,
            status: if failed { TraceStatus::Error } else { TraceStatus::Success },
            error: if failed { message.content.clone() } else { None },
            input: call.map(|call| value(&call.function.arguments)),
            output: message.content.as_deref().map(value),
            attributes: message.tool_call_id.as_ref().map(|id| json!({"tool_call_id": id})),
            ..Span::default()
        };
        self.push(index, span, TOOL_MS.0 + TOOL_MS.1 * tokens);
    }

    fn push(&mut self, index: usize, span: Span, millis: u64) {
        self.spans.push(Span {
            span_id: format!("m{index}"),
            parent_span_id: Some("run".to_owned()),
            timestamp: self.start + Duration::from_millis(self.at),
            latency_ms: millis as f64,
            ..span
        });
        self.at += millis;
    }
}

/// A message as a span shows it.
fn shown(message: &Message) -> Value {
    let mut shown = Map::new();
    shown.insert("role".to_owned(), message.role.clone().into());
    if let Some(content) = &message.content {
        shown.insert("content".to_owned(), content.clone().into());
    }
    if !message.calls().is_empty() {
        let calls = message.calls().iter().map(|call| {
            json!({"id": call.id, "name": call.function.name, "arguments": value(&call.function.arguments)})
        });
        shown.insert("tool_calls".to_owned(), calls.collect());
    }
    if let Some(name) = &message.name {
        shown.insert("name".to_owned(), name.clone().into());
    }
    shown.into()
}

/// JSON where the text is JSON, else the text.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn said(message: Option<&Message>) -> Option<Value> {
    message?.content.clone().map(Value::from)
}

fn dollars(tokens_input: u64, tokens_output: u64) -> f64 {
    (tokens_input * INPUT_PRICE + tokens_output * OUTPUT_PRICE) as f64 / 1e9
}
