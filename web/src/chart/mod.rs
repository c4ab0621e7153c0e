//! Charts over time: bars, lines and areas in SVG, with a tooltip for pointer and keyboard and a table for who cannot
//! see them. Knows no API: it draws series of values.

mod frame;
mod plot;
mod scale;
mod table;
mod tooltip;

pub use plot::Plot;

use std::time::Duration;

use icondata_lu::{LuChartLine, LuTable2};
use shared::{Timestamp, metric::Timeseries};
use yew::prelude::*;

use crate::components::{icon::svg_icon, kpi_card::Unit};
use table::chart_table;

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A bar per step.
    Bars,
    /// A line.
    Line,
    /// A line with the area below it.
    Area,
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartSeries {
    /// Its name in legend and tooltip.
    pub label: &'static str,
    /// The class that gives it its colour.
    pub class: &'static str,
    /// How it is drawn.
    pub shape: Shape,
    /// A value per step, where there is one.
    pub values: Vec<Option<f64>>,
}

impl ChartSeries {
    /// The one line of `timeseries`.
    pub fn new(label: &'static str, class: &'static str, shape: Shape, timeseries: &Timeseries) -> Self {
        let points = timeseries.series.first().map(|series| series.points.as_slice()).unwrap_or_default();
        Self { label, class, shape, values: points.iter().map(|point| point.value).collect() }
    }
}

/// The steps that the values of all series stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct Steps {
    /// The first moment shown.
    pub start: Timestamp,
    /// The moment after the last one shown.
    pub end: Timestamp,
    /// From one step to the next.
    pub length: Duration,
    /// Where each begins.
    pub moments: Vec<Timestamp>,
}

impl Steps {
    /// The steps of `timeseries`.
    pub fn new(timeseries: &Timeseries) -> Self {
        let points = timeseries.series.first().map(|series| series.points.as_slice()).unwrap_or_default();
        Self {
            start: timeseries.start,
            end: timeseries.end,
            length: Duration::from_secs(timeseries.step_seconds.max(1)),
            moments: points.iter().map(|point| point.timestamp).collect(),
        }
    }

    /// The part of step `index` that lies in the window.
    pub fn span(&self, index: usize) -> (Timestamp, Timestamp) {
        let begin = self.moments.get(index).copied().unwrap_or(self.end);
        (begin.max(self.start), (begin + self.length).min(self.end))
    }

    /// The middle of that part.
    pub fn middle(&self, index: usize) -> Timestamp {
        let (from, to) = self.span(index);
        from + to.since(from) / 2
    }
}

/// What is drawn behind the series, and says what they mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks {
    /// Values to look at.
    pub thresholds: Vec<Threshold>,
    /// Times to look at.
    pub bands: Vec<Band>,
}

/// A line across the chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The class that gives it its colour.
    pub class: &'static str,
    /// Where it lies.
    pub value: f64,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// The class that gives it its colour.
    pub class: &'static str,
    /// Where it begins.
    pub start: Timestamp,
    /// Where it ends.
    pub end: Timestamp,
}

/// Properties of [`Chart`].
#[derive(Properties, PartialEq)]
pub struct ChartProps {
    /// What it shows.
    pub title: AttrValue,
    /// The steps.
    pub steps: Steps,
    /// The series, the first one behind.
    pub series: Vec<ChartSeries>,
    /// What the values are measured in.
    pub unit: Unit,
    /// A figure beside the title.
    #[prop_or_default]
    pub figure: AttrValue,
}

/// A panel with the chart, its legend, and a switch to its table.
#[component]
pub fn Chart(props: &ChartProps) -> Html {
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
                <span class="chart-figure">{ props.figure.clone() }</span>
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
