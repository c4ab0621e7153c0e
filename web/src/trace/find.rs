//! Which spans a search finds by what the page knows of them already; what they read and wrote, the API searches.

use shared::span::Span;

/// Whether `query` is in the span's name, model or error, or is its kind or id. The case of letters other than those of
/// English counts: to know it would take tables, and the API has them.
pub fn fits(span: &Span, query: &str) -> bool {
    let within = |text: &str| contains(text, query);
    within(&span.name)
        || span.kind.as_str().eq_ignore_ascii_case(query)
        || span.model.as_deref().is_some_and(within)
        || span.error.as_deref().is_some_and(within)
        || span.span_id.eq_ignore_ascii_case(query)
}

/// Whether `query` is in `text`, whatever the case of English letters.
pub fn contains(text: &str, query: &str) -> bool {
    let (text, query) = (text.as_bytes(), query.as_bytes());
    query.is_empty() || text.windows(query.len()).any(|part| part.eq_ignore_ascii_case(query))
}

#[cfg(test)]
mod tests {
    use shared::span::SpanKind;

    use super::*;

    #[test]
    fn names_models_errors_kinds_and_ids_are_found_whatever_their_case() {
        let span = Span {
            span_id: "00F1".to_owned(),
            name: "Chat gpt-4o".to_owned(),
            kind: SpanKind::Llm,
            model: Some("gpt-4o-mini".to_owned()),
            error: Some("Überlast".to_owned()),
            ..Span::default()
        };
        for query in ["", "chat", "4O", "mini", "LLM", "Überlast", "00f1"] {
            assert!(fits(&span, query), "{query}");
        }
        for query in ["tool", "00f", "ll", "chat gpt-5"] {
            assert!(!fits(&span, query), "{query}");
        }
    }
}
