//! A panel with a chart, its legend, and a button that switches to a table.

use icondata_lu::{LuChartLine, LuTable2};
use shared::format::Unit;
use yew::prelude::*;

use super::icon::svg_icon;
use crate::chart::{ChartSeries, Plot, Steps, chart_table};

/// Properties of [`ChartPanel`].
#[derive(Properties, PartialEq)]
pub struct ChartPanelProps {
    /// The title.
    pub title: AttrValue,
    /// The steps of the time axis.
    pub steps: Steps,
    /// The series; the first one is drawn behind the others.
    pub series: Vec<ChartSeries>,
    /// The unit of the values.
    pub unit: Unit,
}

/// Renders the chart or its table.
#[component]
pub fn ChartPanel(props: &ChartPanelProps) -> Html {
    let as_table = use_state(|| false);
    let toggle = {
        let as_table = as_table.clone();
        Callback::from(move |_: MouseEvent| as_table.set(!*as_table))
    };
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
                <button type="button" class="button ghost icon-button" onclick={toggle} aria-label={format!("{}: {}", props.title, switch_label.to_ascii_lowercase())} title={switch_label}>
                    { svg_icon(if *as_table { LuChartLine } else { LuTable2 }) }
                </button>
            </header>
            if *as_table {
                { chart_table(&props.title, &props.steps, &props.series, props.unit) }
            } else {
                <Plot title={props.title.clone()} steps={props.steps.clone()} series={props.series.clone()} unit={props.unit} />
            }
        </section>
    }
}
