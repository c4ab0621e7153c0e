//! A KPI with its change.

use icondata_lu::{LuArrowDown, LuArrowUp, LuMinus};
use shared::kpi::{Direction, Kpi};
use yew::prelude::*;

use super::{icon::svg_icon, sparkline::sparkline};
use crate::format;

/// The unit of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A count.
    Count,
    /// Milliseconds.
    Latency,
    /// Percent.
    Percent,
    /// US dollars.
    Cost,
    /// A score from 0 to 100.
    Score,
    /// A change in percent of an earlier value.
    Change,
    /// Minutes.
    Minutes,
}

impl Unit {
    /// Formats `value`.
    #[must_use]
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Count => format::count(value),
            Self::Latency => format::latency(value),
            Self::Percent => format::percent(value),
            Self::Cost => format::cost(value),
            Self::Score => format::score(value),
            Self::Change => format::change(value),
            Self::Minutes => format::minutes(value),
        }
    }

    /// Formats a round `value` as an axis label.
    #[must_use]
    pub fn axis_text(self, value: f64) -> String {
        match self {
            Self::Count | Self::Score => format::compact(value),
            Self::Latency => format::round_latency(value),
            Self::Minutes => format::round_minutes(value),
            Self::Percent | Self::Change => self.text(value),
            Self::Cost if value.fract() != 0.0 && value >= 0.01 => format!("${}", format::plain(value, 2)),
            Self::Cost => format!("${}", format::compact(value)),
        }
    }
}

/// Renders a KPI: its value, its change (an arrow for the direction, a colour and a hidden text for the meaning) and a
/// sparkline of `history`, which may be empty.
pub fn kpi_card(label: &'static str, kpi: &Kpi, unit: Unit, history: &[Option<f64>]) -> Html {
    let (class, meaning) = match kpi.direction() {
        Direction::Better => ("better", "better"),
        Direction::Worse => ("worse", "worse"),
        Direction::Same => ("same", "no change"),
    };
    let arrow = if kpi.change > 0.0 {
        LuArrowUp
    } else if kpi.change < 0.0 {
        LuArrowDown
    } else {
        LuMinus
    };
    html! {
        <article class="kpi-card" aria-label={label}>
            <h2 class="kpi-label">{ label }</h2>
            <p class="kpi-value">{ unit.text(kpi.value) }</p>
            <p class="kpi-foot">
                <span class={classes!("change", class)}>
                    { svg_icon(arrow) }
                    <span class="change-value">{ format::change(kpi.change) }</span>
                    <span class="visually-hidden">{ format!(" ({meaning})") }</span>
                </span>
                <span class="kpi-versus">{ kpi.change_label.clone() }</span>
            </p>
            { sparkline(history) }
        </article>
    }
}
