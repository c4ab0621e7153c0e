//! The tables of the rollups.

use domain::rollup::plan::Source;

/// The table of all traces together.
pub fn totals_table(source: Source) -> &'static str {
    match source {
        Source::Daily => "totals_daily",
        Source::Hourly => "totals_hourly",
        Source::Minutely => "totals_minutely",
        Source::Raw => "traces",
    }
}

/// The table by agent and model; minutes have none.
pub fn groups_table(source: Source) -> &'static str {
    match source {
        Source::Daily => "traces_daily",
        Source::Hourly => "traces_hourly",
        Source::Minutely | Source::Raw => "traces",
    }
}
