//! Spans: the steps inside a run.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Timestamp, trace::TraceStatus};

/// What kind of step a span is: OpenInference's kinds, in lower case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SpanKind {
    /// A call of a language model.
    Llm,
    /// A call of a tool.
    Tool,
    /// A whole agent, or one inside another.
    Agent,
    /// A step that only groups others.
    Chain,
    /// A look-up of documents.
    Retriever,
    /// A call of an embedding model.
    Embedding,
    /// A re-ordering of documents.
    Reranker,
    /// A check of what goes in or comes out.
    Guardrail,
    /// A judgement of what came out.
    Evaluator,
    /// The making of a prompt.
    Prompt,
    /// Anything else.
    #[default]
    Unknown,
}

impl SpanKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Llm,
        Self::Tool,
        Self::Agent,
        Self::Chain,
        Self::Retriever,
        Self::Embedding,
        Self::Reranker,
        Self::Guardrail,
        Self::Evaluator,
        Self::Prompt,
        Self::Unknown,
    ];

    /// The word in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Tool => "tool",
            Self::Agent => "agent",
            Self::Chain => "chain",
            Self::Retriever => "retriever",
            Self::Embedding => "embedding",
            Self::Reranker => "reranker",
            Self::Guardrail => "guardrail",
            Self::Evaluator => "evaluator",
            Self::Prompt => "prompt",
            Self::Unknown => "unknown",
        }
    }
}

/// One step of a run, as it is sent and as a trace's detail shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Span {
    /// Unique within the trace.
    pub span_id: String,
    /// The span that this one is a part of; absent for the outermost.
    #[serde(default)]
    pub parent_span_id: Option<String>,
    /// What the step is called.
    pub name: String,
    /// What kind of step it is.
    #[serde(default)]
    pub kind: SpanKind,
    /// When it started.
    pub timestamp: Timestamp,
    /// Milliseconds it took.
    pub latency_ms: f64,
    /// How it ended.
    #[serde(default)]
    pub status: TraceStatus,
    /// The model, where one was called.
    #[serde(default)]
    pub model: Option<String>,
    /// Tokens that went in.
    #[serde(default)]
    pub tokens_input: Option<u64>,
    /// Tokens that came out.
    #[serde(default)]
    pub tokens_output: Option<u64>,
    /// US dollars.
    #[serde(default)]
    pub cost_usd: Option<f64>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
    /// What went in: text or JSON.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub input: Option<Value>,
    /// What came out: text or JSON.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub output: Option<Value>,
    /// Anything else that is known of the step.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub attributes: Option<Value>,
}
