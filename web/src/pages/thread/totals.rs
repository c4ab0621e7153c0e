//! What the runs of a session or a user add up to.

use shared::session::ThreadTotals;
use yew::prelude::*;

use crate::{
    components::figure::figure,
    format,
    intl::{self, Style},
};

/// The figures, side by side.
pub fn totals(totals: &ThreadTotals) -> Html {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| format::NONE.to_owned());
    let span = totals.first.zip(totals.last);
    let between = span.map(|(first, last)| {
        let (first, last) = (intl::date(first, Style::Short), intl::date(last, Style::Short));
        if first == last { first } else { format!("{first} – {last}") }
    });
    html! {
        <dl class="figures">
            { figure("Traces", format::integer(totals.traces), None) }
            { figure("Errors", format::integer(totals.errors), None) }
            { figure("Duration", or_none(span.map(|(first, last)| duration(first, last))), between) }
            { figure("Mean latency", or_none(totals.avg_latency_ms.map(format::latency)), None) }
            { figure("Tokens", format::integer(totals.tokens), None) }
            { figure("Cost", format::cost(totals.cost_usd), unpriced(totals.unpriced)) }
            { figure("Quality", or_none(totals.avg_quality_score.map(format::score)), None) }
        </dl>
    }
}

/// What the cost leaves out.
fn unpriced(calls: u64) -> Option<String> {
    match calls {
        0 => None,
        1 => Some("+1 call without a price".to_owned()),
        calls => Some(format!("+{} calls without a price", format::integer(calls))),
    }
}

/// From the first start to the last.
fn duration(first: shared::Timestamp, last: shared::Timestamp) -> String {
    let seconds = last.since(first).as_secs();
    match seconds {
        0..86_400 => {
            #[expect(clippy::cast_precision_loss, reason = "less than a day of seconds")]
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
    fn what_has_no_price_is_counted_and_never_free() {
        assert_eq!(unpriced(0), None);
        assert_eq!(unpriced(1).as_deref(), Some("+1 call without a price"));
        assert_eq!(unpriced(1_200).as_deref(), Some("+1,200 calls without a price"));
    }

    #[test]
    fn a_long_time_is_told_in_days() {
        let first = Timestamp::from_millis(1_000);
        for (seconds, text) in [(0, "0 ms"), (90, "1 m 30 s"), (7_200, "2 h 00 m"), (270_000, "3 d 03 h")] {
            assert_eq!(duration(first, first + Duration::from_secs(seconds)), text);
        }
    }
}
