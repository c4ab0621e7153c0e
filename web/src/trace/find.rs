//! Search in the loaded spans. Inputs and outputs are searched by the API.

use shared::span::Span;

/// Returns whether the name, model or error of a span contains `query`, or its kind or id equals it. Only ASCII letters are
/// compared without case: Unicode tables would enlarge the binary, and the API has them.
pub fn matches(span: &Span, query: &str) -> bool {
    let within = |text: &str| contains(text, query);
    within(&span.name)
        || span.kind.as_str().eq_ignore_ascii_case(query)
        || span.model.as_deref().is_some_and(within)
        || span.error.as_deref().is_some_and(within)
        || span.span_id.eq_ignore_ascii_case(query)
}

/// Returns whether `text` contains `query`, ignoring ASCII case.
pub fn contains(text: &str, query: &str) -> bool {
    let (text, query) = (text.as_bytes(), query.as_bytes());
    query.is_empty() || text.windows(query.len()).any(|part| part.eq_ignore_ascii_case(query))
}

#[cfg(test)]
mod tests {
    use shared::span::SpanKind;

    use super::*;

    #[test]
    fn finds_names_models_errors_kinds_and_ids_ignoring_case() {
        let span = Span {
            span_id: "00F1".to_owned(),
            name: "Chat gpt-4o".to_owned(),
            kind: SpanKind::Llm,
            model: Some("gpt-4o-mini".to_owned()),
            error: Some("Überlast".to_owned()),
            ..Span::default()
        };
        for query in ["", "chat", "4O", "mini", "LLM", "Überlast", "00f1"] {
            assert!(matches(&span, query), "{query}");
        }
        for query in ["tool", "00f", "ll", "chat gpt-5"] {
            assert!(!matches(&span, query), "{query}");
        }
    }
}
