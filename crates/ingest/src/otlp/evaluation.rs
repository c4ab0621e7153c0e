//! Judgements that came with a span, as scores of its trace.

use serde_json::{Map, Value};
use shared::{Timestamp, limit, trace::DEFAULT_SCORE_NAME};

use super::{
    attribute::{Attributes, cut},
    message,
    span::Happening,
};
use crate::{
    ingestion::field::{Arrival, scaled},
    store::trace::record::{MICROS_PER_POINT, NewScore},
};

/// Scores that are taken of one span: every one costs the store a look at all of its trace.
pub(super) const MOST: usize = 100;

/// The scores that a span's attributes and events hold, and how many more there are than are taken. One without a number is
/// none: it stays an attribute.
pub(super) fn scores(
    trace_id: &str,
    attributes: &Attributes,
    events: &[Happening],
    (start, end): (Timestamp, Timestamp),
    arrival: Arrival,
) -> (Vec<NewScore>, usize) {
    let (mut found, mut more) = (Vec::new(), 0);
    let mut add = |attributes: &Attributes, prefix: &str, timestamp: Timestamp| {
        let named = |name: &str| format!("{prefix}{name}");
        let Some(score) = attributes.number(&[&named("score.value"), &named("score")]).and_then(points)
        else {
            return;
        };
        if found.len() == MOST {
            more += 1;
            return;
        }
        let label = attributes.text(&[&named("score.label"), &named("label")]);
        let explanation = attributes.text(&[&named("explanation")]);
        let comment = match (label, explanation) {
            (Some(label), Some(explanation)) => Some(format!("{label}: {explanation}")),
            (label, explanation) => label.or(explanation),
        };
        found.push(NewScore {
            workspace_id: arrival.workspace_id,
            trace_id: trace_id.to_owned(),
            name: attributes.label(&[&named("name")]).unwrap_or_else(|| DEFAULT_SCORE_NAME.to_owned()),
            score,
            comment: comment.map(|comment| cut(comment, limit::ERROR_BYTES)),
            // One from long ago would be forgotten before its trace is.
            timestamp: timestamp.max(start).min(arrival.now),
        });
    };
    for event in events.iter().filter(|event| event.name == "gen_ai.evaluation.result") {
        add(&event.attributes, "gen_ai.evaluation.", event.timestamp);
    }
    add(attributes, "gen_ai.evaluation.", end);
    if let Some(Value::Array(evaluations)) = message::documents(attributes, "evaluations.") {
        for evaluation in evaluations {
            let Value::Object(mut evaluation) = evaluation else { continue };
            let inner: Map<String, Value> = match evaluation.remove("evaluation") {
                Some(Value::Object(inner)) => inner,
                _ => evaluation,
            };
            add(&Attributes(inner), "", end);
        }
    }
    (found, more)
}

/// Millionths of a point: what is at most 1 is a share of the whole, what is more is points of a hundred.
fn points(score: f64) -> Option<i64> {
    let points = if score <= 1.0 { score * 100.0 } else { score };
    scaled(points, MICROS_PER_POINT, 100.0).ok()
}
