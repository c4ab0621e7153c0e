//! The kind of a span: stated in the terms of one of the conventions, otherwise inferred from its attributes.

use shared::span::SpanKind;

use super::attribute::Attributes;

/// The attributes that hold the name of a called tool.
pub(super) const TOOL_NAMES: [&str; 3] = ["gen_ai.tool.name", "tool.name", "ai.toolCall.name"];

/// Returns the kind of a span.
pub(super) fn kind(attributes: &Attributes) -> SpanKind {
    let word = |name| attributes.text(&[name]).map(|word| word.to_ascii_lowercase());
    word("gen_ai.operation.name")
        .and_then(|word| from_operation(&word))
        .or_else(|| word("openinference.span.kind").and_then(|word| from_openinference(&word)))
        .or_else(|| word("traceloop.span.kind").and_then(|word| from_traceloop(&word)))
        .or_else(|| attributes.text(&["ai.operationId"]).and_then(|id| from_vercel(&id)))
        .or_else(|| word("langfuse.observation.type").and_then(|word| from_langfuse(&word)))
        .or_else(|| word("span.type").and_then(|word| from_claude_code(&word)))
        .unwrap_or_else(|| inferred(attributes))
}

fn from_operation(word: &str) -> Option<SpanKind> {
    Some(match word {
        "chat" | "text_completion" | "generate_content" | "responses" => SpanKind::Llm,
        "embeddings" | "embedding" => SpanKind::Embedding,
        "execute_tool" => SpanKind::Tool,
        "retrieval" => SpanKind::Retriever,
        "invoke_agent" | "create_agent" => SpanKind::Agent,
        "invoke_workflow" | "plan" => SpanKind::Chain,
        _ => return None,
    })
}

fn from_openinference(word: &str) -> Option<SpanKind> {
    SpanKind::ALL.into_iter().find(|kind| *kind != SpanKind::Unknown && kind.as_str() == word)
}

fn from_traceloop(word: &str) -> Option<SpanKind> {
    Some(match word {
        "workflow" | "task" => SpanKind::Chain,
        "agent" => SpanKind::Agent,
        "tool" => SpanKind::Tool,
        _ => return None,
    })
}

fn from_langfuse(word: &str) -> Option<SpanKind> {
    match word {
        "generation" => Some(SpanKind::Llm),
        word => from_openinference(word),
    }
}

fn from_claude_code(word: &str) -> Option<SpanKind> {
    Some(match word {
        "llm_request" => SpanKind::Llm,
        "tool" => SpanKind::Tool,
        "interaction" => SpanKind::Agent,
        _ => return None,
    })
}

/// The inner spans (`ai.generateText.doGenerate`) are the model calls; the outer ones aggregate them.
fn from_vercel(id: &str) -> Option<SpanKind> {
    Some(match id {
        "ai.toolCall" => SpanKind::Tool,
        _ if id.starts_with("ai.embed") && id.contains(".doEmbed") => SpanKind::Embedding,
        _ if id.contains(".doGenerate") || id.contains(".doStream") => SpanKind::Llm,
        _ if id.contains(".doRerank") => SpanKind::Reranker,
        _ if id.starts_with("ai.") => SpanKind::Chain,
        _ => return None,
    })
}

fn inferred(attributes: &Attributes) -> SpanKind {
    let any = |names: &[&str]| names.iter().any(|name| attributes.has(name));
    // OpenLLMetry sets this attribute on model calls only.
    match attributes.text(&["llm.request.type"]).as_deref() {
        Some("chat" | "completion") => return SpanKind::Llm,
        Some("embedding") => return SpanKind::Embedding,
        Some("rerank") => return SpanKind::Reranker,
        _ => {}
    }
    if any(&TOOL_NAMES) {
        SpanKind::Tool
    } else if attributes.has("embedding.model_name") || attributes.has_prefix("embedding.embeddings.") {
        SpanKind::Embedding
    } else if attributes.has_prefix("reranker.") {
        SpanKind::Reranker
    } else if attributes.has_prefix("retrieval.documents.") {
        SpanKind::Retriever
    } else if any(&super::usage::MODEL) {
        SpanKind::Llm
    } else if attributes.has_prefix("gen_ai.evaluation.") {
        SpanKind::Evaluator
    } else if any(&["gen_ai.agent.name", "gen_ai.agent.id", "agent.name"]) {
        SpanKind::Agent
    } else {
        SpanKind::Unknown
    }
}
