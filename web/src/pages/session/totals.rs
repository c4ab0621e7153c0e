//! The totals of a session or an end user.

use shared::{format, session::SessionTotals};
use yew::prelude::*;

use crate::{
    components::stat::stat,
    intl::{self, Style},
};

/// Renders the totals in a row.
pub fn totals(totals: &SessionTotals) -> Html {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| format::NONE.to_owned());
    let span = totals.first.zip(totals.last);
    let between = span.map(|(first, last)| {
        let (first, last) = (intl::date(first, Style::Short), intl::date(last, Style::Short));
        if first == last { first } else { format!("{first} – {last}") }
    });
    html! {
        <dl class="stats">
            { stat("Traces", format::integer(totals.traces), None) }
            { stat("Errors", format::integer(totals.errors), None) }
            { stat("Duration", or_none(span.map(|(first, last)| duration(first, last))), between) }
            { stat("Average latency", or_none(totals.avg_latency_ms.map(format::latency)), None) }
            { stat("Tokens", format::integer(totals.tokens), None) }
            { stat("Cost", format::cost(totals.cost_usd), unpriced(totals.unpriced)) }
            { stat("Quality", or_none(totals.avg_quality_score.map(format::score)), None) }
        </dl>
    }
}

/// Returns a note about the calls that the cost excludes.
fn unpriced(calls: u64) -> Option<String> {
    match calls {
        0 => None,
        1 => Some("+1 call without a price".to_owned()),
        calls => Some(format!("+{} calls without a price", format::integer(calls))),
    }
}

/// Formats the time from the first to the last start.
fn duration(first: shared::Timestamp, last: shared::Timestamp) -> String {
    let seconds = last.since(first).as_secs();
    match seconds {
        0..86_400 => {
            #[expect(clippy::cast_precision_loss, reason = "less than a day")]
            let millis = seconds as f64 * 1e3;
            format::latency(millis)
        }
        seconds => format!("{} d {:02} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shared::Timestamp;

    use super::*;

    #[test]
    fn notes_calls_without_a_price() {
        assert_eq!(unpriced(0), None);
        assert_eq!(unpriced(1).as_deref(), Some("+1 call without a price"));
        assert_eq!(unpriced(1_200).as_deref(), Some("+1,200 calls without a price"));
    }

    #[test]
    fn formats_long_durations_in_days() {
        let first = Timestamp::from_millis(1_000);
        for (seconds, text) in [(0, "0 ms"), (90, "1 m 30 s"), (7_200, "2 h 00 m"), (270_000, "3 d 03 h")] {
            assert_eq!(duration(first, first + Duration::from_secs(seconds)), text);
        }
    }
}
