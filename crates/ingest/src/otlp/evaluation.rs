//! Evaluations sent with a span, which become scores of its trace.

use domain::trace::record::{MICROS_PER_POINT, NewScore};
use serde_json::{Map, Value};
use shared::{Timestamp, limit, trace::DEFAULT_SCORE_NAME};

use super::{
    attribute::{Attributes, cut, joined},
    event::SpanEvent,
    message,
};
use crate::field::{Arrival, scaled};

/// The maximum number of scores of one span: each requires reading its whole trace.
pub(super) const SPAN_SCORES: usize = 100;

/// Returns the scores in the attributes and events of a span, and how many were left out because of [`SPAN_SCORES`].
/// An evaluation without a number is not a score and remains an attribute.
pub(super) fn scores(
    trace_id: &str,
    attributes: &Attributes,
    events: &[SpanEvent],
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
        if found.len() == SPAN_SCORES {
            more += 1;
            return;
        }
        let label = attributes.text(&[&named("score.label"), &named("label")]);
        let explanation = attributes.text(&[&named("explanation")]);
        let comment = joined(label, explanation);
        found.push(NewScore {
            workspace_id: arrival.workspace_id,
            trace_id: trace_id.to_owned(),
            name: attributes.label(&[&named("name")]).unwrap_or_else(|| DEFAULT_SCORE_NAME.to_owned()),
            score,
            comment: comment.map(|comment| cut(comment, limit::ERROR_BYTES)),
            // An earlier score could be removed by retention before its trace.
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

/// Converts a score to millionths of a point: up to 1 it is a fraction, above 1 it is on a scale of 100.
fn points(score: f64) -> Option<i64> {
    let points = if score <= 1.0 { score * 100.0 } else { score };
    scaled(points, MICROS_PER_POINT, 100.0).ok()
}
