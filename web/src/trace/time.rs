//! When each span ran, and how much of that was its own.

use shared::{Timestamp, span::Span, trace::Trace};

use super::Tree;

/// Microseconds, counted from the first start.
#[derive(Debug, Default)]
pub struct Times {
    /// From the first start to the last end, the trace's own included; at least 1.
    pub length: i64,
    /// When the trace itself ran.
    pub trace: (i64, i64),
    /// From when to when each span ran.
    pub spans: Vec<(i64, i64)>,
    /// How long nothing inside of it ran.
    pub own: Vec<i64>,
}

impl Times {
    /// The times of a trace and its spans.
    pub fn new(trace: &Trace, spans: &[Span], tree: &Tree) -> Self {
        let first = spans.iter().map(|span| span.timestamp).fold(trace.timestamp, Timestamp::min).as_micros();
        let window = |at: Timestamp, latency_ms: f64| {
            let start = at.as_micros().saturating_sub(first);
            (start, start.saturating_add(micros(latency_ms)))
        };
        let own_window = window(trace.timestamp, trace.latency_ms);
        let windows: Vec<(i64, i64)> =
            spans.iter().map(|span| window(span.timestamp, span.latency_ms)).collect();
        let last = windows.iter().map(|window| window.1).fold(own_window.1, i64::max);
        let own = (0..spans.len())
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
        Self { length: last.max(1), trace: own_window, spans: windows, own }
    }

    /// What part of the whole `micros` are, in percent.
    pub fn percent(&self, micros: i64) -> f64 {
        percent(micros, self.length)
    }
}

/// What part of `whole` `part` is, in percent.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn percent(part: i64, whole: i64) -> f64 {
    part as f64 / whole.max(1) as f64 * 100.0
}

#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn micros(millis: f64) -> i64 {
    (millis.max(0.0) * 1e3).round() as i64
}

/// Microseconds between two ticks of an axis `length` microseconds long: a round number, for about `wanted` of them.
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
    fn the_whole_holds_spans_that_begin_before_or_end_after_their_trace() {
        let mut before = span("before", None, 0, 1);
        before.timestamp = Timestamp::from_millis(-5);
        let model = model(vec![before, span("after", None, 95, 120)]);
        assert_eq!(model.times.length, 125_000);
        assert_eq!(model.times.trace, (5_000, 105_000));
        assert_eq!(model.times.spans[1], (100_000, 125_000));
    }

    #[test]
    fn a_spans_own_time_is_when_nothing_inside_ran() {
        let model = model(vec![
            span("root", None, 0, 100),
            span("a", Some("root"), 10, 40),
            span("beside a", Some("root"), 20, 60),
            span("within a", Some("root"), 25, 30),
            span("outlives the root", Some("root"), 90, 200),
        ]);
        assert_eq!(model.times.own[0], 10_000 + 30_000);
        assert_eq!(model.times.own[1], 30_000);
    }

    #[test]
    fn ticks_stand_at_round_times() {
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
