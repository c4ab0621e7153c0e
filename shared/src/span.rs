//! Spans, the steps of a trace.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Timestamp, cost::CostBasis, status::TraceStatus};

/// The kind of a span, as in OpenInference, in lower case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SpanKind {
    /// A call of a language model.
    Llm,
    /// A call of a tool.
    Tool,
    /// An agent, or an agent inside another one.
    Agent,
    /// A step that groups other steps.
    Chain,
    /// A retrieval of documents.
    Retriever,
    /// A call of an embedding model.
    Embedding,
    /// A reranking of documents.
    Reranker,
    /// A check of an input or output.
    Guardrail,
    /// An evaluation of an output.
    Evaluator,
    /// The rendering of a prompt.
    Prompt,
    /// Any other step.
    #[default]
    Unknown,
}

impl SpanKind {
    /// All kinds.
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

    /// Returns the name in JSON and in the database.
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

/// A span, in ingestion and in the detail of a trace. Empty fields are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Span {
    /// The id. Unique within the trace.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub span_id: String,
    /// The id of the parent span. Absent for the root span.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_span_id: Option<String>,
    /// The name.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub name: String,
    /// The kind. Default: `unknown`.
    #[cfg_attr(feature = "openapi", schema(nullable = true))]
    #[serde(default)]
    pub kind: SpanKind,
    /// The start.
    pub timestamp: Timestamp,
    /// The duration in milliseconds.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 2_592_000_000_i64))]
    pub latency_ms: f64,
    /// The status. Default: `success`.
    #[cfg_attr(feature = "openapi", schema(nullable = true))]
    #[serde(default)]
    pub status: TraceStatus,
    /// The model.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The provider of the model, such as `openai`.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_provider: Option<String>,
    /// The number of input tokens, including those read from or written to the cache of the provider.
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_input: Option<u64>,
    /// The number of output tokens, including reasoning tokens.
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_output: Option<u64>,
    /// The number of input tokens read from the cache of the provider.
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_cache_read: Option<u64>,
    /// The number of input tokens written to the cache of the provider.
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_cache_write: Option<u64>,
    /// The number of reasoning tokens.
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_reasoning: Option<u64>,
    /// The cost in US dollars.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// The basis of the cost. Only in responses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_basis: Option<CostBasis>,
    /// The error message.
    #[cfg_attr(feature = "openapi", schema(max_length = 16384))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The input: text or JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub input: Option<Value>,
    /// The output: text or JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub output: Option<Value>,
    /// The attributes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub attributes: Option<Value>,
    /// The time to the first chunk of a streamed response, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_to_first_chunk_ms: Option<f64>,
    /// The finish reason of each choice of the model.
    #[cfg_attr(feature = "openapi", schema(nullable = true))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finish_reasons: Vec<String>,
    /// The tool call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolCall>,
    /// The events, in the order of time.
    #[cfg_attr(feature = "openapi", schema(nullable = true))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<SpanEvent>,
    /// Links to related spans of this or other traces.
    #[cfg_attr(feature = "openapi", schema(nullable = true))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<SpanLink>,
    /// The resource attributes of OpenTelemetry.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub resource: Map<String, Value>,
    /// The instrumentation scope of OpenTelemetry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// The tool call of a span.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolCall {
    /// The name of the tool.
    pub name: Option<String>,
    /// The id of the call, assigned by the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// The type of the tool: `function`, `extension` or `datastore`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// An event of a span.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpanEvent {
    /// The name.
    pub name: String,
    /// The time of the event.
    pub timestamp: Timestamp,
    /// The attributes.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub attributes: Map<String, Value>,
}

/// A link to a related span.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpanLink {
    /// The id of the linked trace.
    pub trace_id: String,
    /// The id of the linked span.
    pub span_id: String,
    /// The attributes of the link.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub attributes: Map<String, Value>,
}

/// An instrumentation scope of OpenTelemetry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Scope {
    /// The name of the instrumentation library.
    pub name: String,
    /// The version of the instrumentation library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The attributes of the scope.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub attributes: Map<String, Value>,
}

/// The query of a search in a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query, style = Form))]
pub struct SpanSearchQuery {
    /// The search text: 1 to 200 characters. Case is ignored.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", param(required, min_length = 1, max_length = 200))]
    pub q: String,
}

/// The spans that match a search.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpanMatches {
    /// The ids of the first 1000 matching spans, in the order of their start.
    pub items: Vec<String>,
    /// The total number of matching spans.
    pub total: u64,
    /// Whether the trace is too large to search all inputs, outputs and attributes. More spans may match.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}
