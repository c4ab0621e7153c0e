//! Start, end, and self time of each span.

use shared::{Timestamp, span::Span, trace::Trace};

use super::Tree;

/// Times in microseconds, relative to the first start.
#[derive(Debug, Default)]
pub struct Times {
    /// From the first start to the last end of the trace and its spans; at least 1.
    pub length: i64,
    /// The start and end of the trace.
    pub trace: (i64, i64),
    /// The start and end of each span.
    pub spans: Vec<(i64, i64)>,
    /// The self time of each span: the time in which none of its children ran.
    pub self_time: Vec<i64>,
}

impl Times {
    /// Computes the times of a trace and its spans.
    pub fn new(trace: &Trace, spans: &[Span], tree: &Tree) -> Self {
        let first = spans.iter().map(|span| span.timestamp).fold(trace.timestamp, Timestamp::min).as_micros();
        let window = |at: Timestamp, latency_ms: f64| {
            let start = at.as_micros().saturating_sub(first);
            (start, start.saturating_add(micros(latency_ms)))
        };
        let trace_window = window(trace.timestamp, trace.latency_ms);
        let windows: Vec<(i64, i64)> =
            spans.iter().map(|span| window(span.timestamp, span.latency_ms)).collect();
        let last = windows.iter().map(|window| window.1).fold(trace_window.1, i64::max);
        let self_time = (0..spans.len())
            .map(|index| {
                let (start, end) = windows[index];
                let (mut covered, mut reached) = (0, start);
                for &child in &tree.children[index] {
                    let (from, to) = windows[child];
                    let (from, to) = (from.max(reached), to.min(end));
                    covered += (to - from).max(0);
                    reached = reached.max(to);
                }
                end - start - covered
            })
            .collect();
        Self { length: last.max(1), trace: trace_window, spans: windows, self_time }
    }

    /// Returns `micros` in percent of the total length.
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    pub fn percent(&self, micros: i64) -> f64 {
        micros as f64 / self.length as f64 * 100.0
    }
}

#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn micros(millis: f64) -> i64 {
    (millis.max(0.0) * 1e3).round() as i64
}

/// Returns the distance of the ticks on an axis, in microseconds: a round number that gives about `wanted` ticks on an axis of
/// `length` microseconds.
pub fn ticks(length: i64, wanted: i64) -> i64 {
    const MINUTE: i64 = 60_000_000;
    const ROUND: [i64; 9] = [
        MINUTE / 4,
        MINUTE / 2,
        MINUTE,
        2 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
        30 * MINUTE,
        60 * MINUTE,
        360 * MINUTE,
    ];
    let rough = (length / wanted.max(1)).max(1);
    if rough > 10_000_000 {
        return ROUND.into_iter().find(|&step| step >= rough).unwrap_or(rough);
    }
    let mut magnitude = 1;
    while magnitude * 10 < rough {
        magnitude *= 10;
    }
    [1, 2, 5, 10].map(|factor| factor * magnitude).into_iter().find(|&step| step >= rough).unwrap_or(rough)
}

#[cfg(test)]
mod tests {
    use super::{
        super::sample::{model, span},
        *,
    };

    #[test]
    fn includes_spans_outside_the_window_of_their_trace() {
        let mut before = span("before", None, 0, 1);
        before.timestamp = Timestamp::from_millis(-5);
        let model = model(vec![before, span("after", None, 95, 120)]);
        assert_eq!(model.times.length, 125_000);
        assert_eq!(model.times.trace, (5_000, 105_000));
        assert_eq!(model.times.spans[1], (100_000, 125_000));
    }

    #[test]
    fn excludes_children_from_the_self_time() {
        let model = model(vec![
            span("root", None, 0, 100),
            span("a", Some("root"), 10, 40),
            span("parallel to a", Some("root"), 20, 60),
            span("within a", Some("root"), 25, 30),
            span("ends after the root", Some("root"), 90, 200),
        ]);
        assert_eq!(model.times.self_time[0], 10_000 + 30_000);
        assert_eq!(model.times.self_time[1], 30_000);
    }

    #[test]
    fn places_ticks_at_round_times() {
        for (length, step) in [
            (1, 1),
            (900, 500),
            (1_000, 500),
            (1_234_500, 500_000),
            (40_000_000, 10_000_000),
            (100_000_000, 30_000_000),
            (3_600_000_000, 1_800_000_000),
        ] {
            assert_eq!(ticks(length, 4), step.max(1), "{length}");
        }
    }
}
