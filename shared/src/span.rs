//! Spans: the steps inside a run.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Timestamp, cost::CostBasis, trace::TraceStatus};

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

/// One step of a run, as it is sent and as a trace's detail shows it. What a step has none of is absent: a trace may have
/// ten thousand of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Span {
    /// Unique within the trace.
    pub span_id: String,
    /// The span that this one is a part of; absent for the outermost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Who serves that model, like `openai`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_provider: Option<String>,
    /// Tokens that went in, those that were read from or written to the provider's cache among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_input: Option<u64>,
    /// Tokens that came out, those of reasoning among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_output: Option<u64>,
    /// Of the tokens that went in, those read from the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_cache_read: Option<u64>,
    /// Of the tokens that went in, those written to the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_cache_write: Option<u64>,
    /// Of the tokens that came out, those of reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_reasoning: Option<u64>,
    /// US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Where the cost comes from, or why there is none. Only in answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_basis: Option<CostBasis>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What went in: text or JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub input: Option<Value>,
    /// What came out: text or JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub output: Option<Value>,
    /// Anything else that is known of the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub attributes: Option<Value>,
    /// Milliseconds until the first chunk of a streamed answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_to_first_chunk_ms: Option<f64>,
    /// Why the model stopped, for each choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finish_reasons: Vec<String>,
    /// The tool that was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolCall>,
    /// What happened during the step, in the order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<SpanEvent>,
    /// Spans of this or other traces that it has to do with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<SpanLink>,
    /// What ran: OpenTelemetry's attributes of the resource.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub resource: Map<String, Value>,
    /// Which instrumentation made the span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// Which tool a step called.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolCall {
    /// What it is called.
    pub name: Option<String>,
    /// The model's id of this call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// `function`, `extension` or `datastore`, by OpenTelemetry's conventions.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// Something that happened during a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpanEvent {
    /// What happened.
    pub name: String,
    /// When.
    pub timestamp: Timestamp,
    /// What else is known of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub attributes: Map<String, Value>,
}

/// A span that another has to do with, without being its parent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpanLink {
    /// The trace of that span.
    pub trace_id: String,
    /// Its id.
    pub span_id: String,
    /// What else is known of the link.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub attributes: Map<String, Value>,
}

/// An instrumentation library: OpenTelemetry's instrumentation scope.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Scope {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What else is known of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub attributes: Map<String, Value>,
}

/// What to look for in the spans of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanSearchQuery {
    /// 1–[`crate::limit::SEARCH_CHARS`] characters, in upper or lower case.
    #[serde(default)]
    pub q: String,
}

/// The spans of a trace in which something was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpanMatches {
    /// Their ids in the order of their start: the first [`crate::limit::SEARCH_SPANS`].
    pub items: Vec<String>,
    /// How many there are in all, shown or not.
    pub total: u64,
    /// Whether the trace is so large that inputs, outputs and attributes were not looked through to the end: there may
    /// be more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}
