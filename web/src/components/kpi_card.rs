//! A KPI with its change.

use icondata_lu::{LuArrowDown, LuArrowUp, LuMinus};
use shared::{
    format::{self, Unit},
    kpi::{Direction, Kpi},
};
use yew::prelude::*;

use super::{icon::svg_icon, sparkline::sparkline};

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
