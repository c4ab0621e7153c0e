//! Converts a recorded run of τ-bench into a trace. The recordings contain neither times nor token counts, so both are derived
//! deterministically by the rule below. `expect.rs` computes the totals from the same recordings in a different way.
//!
//! - **Tokens** of a message: its characters / 4, rounded up. The characters of `content` and of the names and arguments of tool
//!   calls are counted.
//! - **Model calls**: one per assistant message. The input tokens are those of all earlier messages, the output tokens its own.
//! - **Cost**: the list price of gpt-4o, $2.50 per million input tokens and $10.00 per million output tokens, which is 2,500 and
//!   10,000 nano-dollars per token.
//! - **Latency**: a model call takes 400 ms plus 12 ms per output token, a tool call 150 ms plus 2 ms per token of its reply. The
//!   response time of the user is not counted. A run takes the sum of its calls, which run one after the other.
//! - **Start**: run k of N, in the order of the file, starts at `end − spread × (N − k) / (N + 1)`, so that no run touches the
//!   bounds of the period.
//! - **Status**: `error` if the last tool reply of the run begins with `Error`, which is then the error of the run; otherwise
//!   `success`, regardless of the reward. Each tool call has a status by the same condition.
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

/// Price per input token in nano-dollars.
pub const INPUT_PRICE: u64 = 2_500;
/// Price per output token in nano-dollars.
pub const OUTPUT_PRICE: u64 = 10_000;
/// Latency of a model call in milliseconds: base, and per output token.
pub const CALL_MS: (u64, u64) = (400, 12);
/// Latency of a tool call in milliseconds: base, and per token of its reply.
pub const TOOL_MS: (u64, u64) = (150, 2);

const MODEL: &str = "gpt-4o";

/// A recorded run.
#[derive(Clone, Debug, Deserialize)]
pub struct Recording {
    /// Number of the task.
    pub task_id: u32,
    /// Number of the attempt at the task.
    pub trial: u32,
    /// 1 if the goal was reached, otherwise 0.
    pub reward: f64,
    /// The task.
    pub info: Info,
    /// The messages, in order.
    pub traj: Vec<Message>,
}

/// Information about a task.
#[derive(Clone, Debug, Deserialize)]
pub struct Info {
    /// The task.
    pub task: Task,
    /// Cost of simulating the user in US dollars.
    pub user_cost: Option<f64>,
}

/// A task.
#[derive(Clone, Debug, Deserialize)]
pub struct Task {
    /// Id of the simulated user.
    pub user_id: String,
    /// Instruction for the simulated user.
    pub instruction: String,
}

/// A message.
#[derive(Clone, Debug, Deserialize)]
pub struct Message {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: String,
    /// The text.
    pub content: Option<String>,
    /// Tool calls of an assistant message.
    pub tool_calls: Option<Vec<ToolCall>>,
    /// Id of the call that a tool message replies to.
    pub tool_call_id: Option<String>,
    /// Name of the tool that replies.
    pub name: Option<String>,
}

/// A tool call.
#[derive(Clone, Debug, Deserialize)]
pub struct ToolCall {
    /// Id that the reply refers to.
    pub id: String,
    /// The called function.
    pub function: Function,
}

/// A called function.
#[derive(Clone, Debug, Deserialize)]
pub struct Function {
    /// Name of the tool.
    pub name: String,
    /// Arguments as JSON text.
    pub arguments: String,
}

impl Message {
    /// Computes the number of tokens by the rule.
    pub fn tokens(&self) -> u64 {
        let content = self.content.as_deref().unwrap_or_default();
        let calls = self.calls().iter().flat_map(|call| [&*call.function.name, &*call.function.arguments]);
        let characters: usize = [content].into_iter().chain(calls).map(|text| text.chars().count()).sum();
        characters.div_ceil(4) as u64
    }

    /// Returns the tool calls.
    pub fn calls(&self) -> &[ToolCall] {
        self.tool_calls.as_deref().unwrap_or_default()
    }

    /// Returns whether the message is a tool reply that reports an error.
    pub fn is_failure(&self) -> bool {
        self.role == "tool" && self.content.as_deref().is_some_and(|content| content.starts_with("Error"))
    }
}

/// Converts recordings into traces that are spread evenly over the period before `end`.
pub fn traces(recordings: &[Recording], end: Timestamp, spread: Duration) -> Vec<TraceInput> {
    let count = u32::try_from(recordings.len()).unwrap_or(u32::MAX);
    let starts = (0..count).map(|nth| end - spread / (count + 1) * (count - nth));
    recordings.iter().zip(starts).map(|(recording, start)| trace(recording, start)).collect()
}

/// Converts a recording into a trace that starts at `start`.
pub fn trace(recording: &Recording, start: Timestamp) -> TraceInput {
    let mut walk = Walk { messages: &recording.traj, start, at: 0, before: 0, unseen: 0, spans: Vec::new() };
    for index in 0..recording.traj.len() {
        walk.step(index);
    }
    let (latency_ms, steps) = (walk.at, walk.spans);
    let last_reply = recording.traj.iter().rfind(|message| message.role == "tool");
    let error = last_reply.filter(|reply| reply.is_failure()).and_then(|reply| reply.content.clone());
    let status = if error.is_some() { TraceStatus::Error } else { TraceStatus::Success };
    let input = content(recording.traj.iter().find(|message| message.role == "user"));
    let output = content(
        recording.traj.iter().rfind(|message| message.role == "assistant" && message.content.is_some()),
    );
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

/// The state while the messages of a recording are converted into spans.
struct Walk<'a> {
    messages: &'a [Message],
    start: Timestamp,
    /// Elapsed time in milliseconds.
    at: u64,
    /// Tokens of all earlier messages.
    before: u64,
    /// Index of the first message that is not part of the input of a span yet.
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
        // The input contains the messages since the last call: from the system, the user or a tool.
        let new: Vec<_> = self.messages[self.unseen..index].iter().map(message_json).collect();
        self.unseen = index + 1;
        let span = Span {
            name: format!("chat {MODEL}"),
            kind: SpanKind::Llm,
            model: Some(MODEL.to_owned()),
            tokens_input: Some(self.before),
            tokens_output: Some(tokens),
            cost_usd: Some(dollars(self.before, tokens)),
            input: Some(new.into()),
            output: Some(message_json(message)),
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

/// Converts a message into the input or output of a span.
fn message_json(message: &Message) -> Value {
    let mut json = Map::new();
    json.insert("role".to_owned(), message.role.clone().into());
    if let Some(content) = &message.content {
        json.insert("content".to_owned(), content.clone().into());
    }
    if !message.calls().is_empty() {
        let calls = message.calls().iter().map(|call| {
            json!({"id": call.id, "name": call.function.name, "arguments": value(&call.function.arguments)})
        });
        json.insert("tool_calls".to_owned(), calls.collect());
    }
    if let Some(name) = &message.name {
        json.insert("name".to_owned(), name.clone().into());
    }
    json.into()
}

/// Parses a text as JSON, or returns it as a string if it is not JSON.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn content(message: Option<&Message>) -> Option<Value> {
    message?.content.clone().map(Value::from)
}

fn dollars(tokens_input: u64, tokens_output: u64) -> f64 {
    (tokens_input * INPUT_PRICE + tokens_output * OUTPUT_PRICE) as f64 / 1e9
}
