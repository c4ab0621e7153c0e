//! A panel with a chart, its legend, and a button that switches to a table.

use icondata_lu::{LuChartLine, LuTable2};
use yew::prelude::*;

use super::icon::svg_icon;
use crate::{
    chart::{Plot, PlotProps, chart_table},
    event::on_toggle,
};

/// Renders the chart or its table.
#[component]
pub fn ChartPanel(props: &PlotProps) -> Html {
    let as_table = use_state(|| false);
    let switch_label = if *as_table { "Show as chart" } else { "Show as table" };
    html! {
        <section class="panel chart-panel" aria-label={props.title.clone()}>
            <header class="panel-head">
                <h2>{ props.title.clone() }</h2>
                <ul class="legend">
                    for series in &props.series {
                        <li class={series.class}><span class="swatch" />{ series.label }</li>
                    }
                </ul>
                <button type="button" class="button ghost icon-button" onclick={on_toggle(&as_table)} aria-label={format!("{}: {}", props.title, switch_label.to_ascii_lowercase())} title={switch_label}>
                    { svg_icon(if *as_table { LuChartLine } else { LuTable2 }) }
                </button>
            </header>
            if *as_table {
                { chart_table(&props.title, &props.steps, &props.series, props.unit) }
            } else {
                <Plot ..props.clone() />
            }
        </section>
    }
}
