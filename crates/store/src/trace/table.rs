//! The tables of the rollups.

use domain::rollup::plan::Source;

/// Returns the table of the totals.
pub(crate) fn totals_table(source: Source) -> &'static str {
    match source {
        Source::Daily => "totals_daily",
        Source::Hourly => "totals_hourly",
        Source::Minutely => "totals_minutely",
        Source::Raw => "traces",
    }
}

/// Returns the table of the sums by agent and model. There is none by minute.
pub(crate) fn groups_table(source: Source) -> &'static str {
    match source {
        Source::Daily => "traces_daily",
        Source::Hourly => "traces_hourly",
        Source::Minutely | Source::Raw => "traces",
    }
}
