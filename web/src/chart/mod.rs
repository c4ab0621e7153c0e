//! Charts over time: bars, lines and areas in SVG, with a tooltip for pointer and keyboard, and a table for screen readers.
//! Independent of the API: a chart draws series of values.

mod frame;
mod plot;
mod scale;
mod table;
mod tooltip;

pub use plot::{Plot, PlotProps};
pub use table::chart_table;

use std::time::Duration;

use shared::{Timestamp, metric::Timeseries};

/// The shape of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One bar per step.
    Bars,
    /// A line.
    Line,
    /// A line with a filled area below it.
    Area,
}

/// A series of values.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartSeries {
    /// The name in the legend and in the tooltip.
    pub label: &'static str,
    /// The CSS class that sets the colour.
    pub class: &'static str,
    /// The shape.
    pub shape: Shape,
    /// One value per step; `None` if there is nothing to measure.
    pub values: Vec<Option<f64>>,
}

impl ChartSeries {
    /// Creates a series from the first series of `timeseries`.
    pub fn new(label: &'static str, class: &'static str, shape: Shape, timeseries: &Timeseries) -> Self {
        let points = timeseries.series.first().map(|series| series.points.as_slice()).unwrap_or_default();
        Self { label, class, shape, values: points.iter().map(|point| point.value).collect() }
    }
}

/// The steps of the time axis. Every series has one value per step.
#[derive(Clone, Debug, PartialEq)]
pub struct Steps {
    /// The start of the axis.
    pub start: Timestamp,
    /// The end of the axis.
    pub end: Timestamp,
    /// The length of a step.
    pub length: Duration,
    /// The start of each step.
    pub starts: Vec<Timestamp>,
}

impl Steps {
    /// Creates the steps of `timeseries`.
    pub fn new(timeseries: &Timeseries) -> Self {
        let points = timeseries.series.first().map(|series| series.points.as_slice()).unwrap_or_default();
        Self {
            start: timeseries.start,
            end: timeseries.end,
            length: Duration::from_secs(timeseries.step_seconds.max(1)),
            starts: points.iter().map(|point| point.timestamp).collect(),
        }
    }

    /// Returns the start and end of step `index` within the axis.
    pub fn span(&self, index: usize) -> (Timestamp, Timestamp) {
        let start = self.starts.get(index).copied().unwrap_or(self.end);
        (start.max(self.start), (start + self.length).min(self.end))
    }

    /// Returns the middle of step `index` within the axis.
    pub fn middle(&self, index: usize) -> Timestamp {
        let (start, end) = self.span(index);
        start + end.since(start) / 2
    }
}

/// Annotations drawn behind the series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks {
    /// The threshold lines.
    pub thresholds: Vec<Threshold>,
    /// The highlighted periods.
    pub bands: Vec<Band>,
}

/// A horizontal line across the chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The CSS class that sets the colour.
    pub class: &'static str,
    /// The value at which it is drawn.
    pub value: f64,
}

/// A highlighted period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// The CSS class that sets the colour.
    pub class: &'static str,
    /// The start of the period.
    pub start: Timestamp,
    /// The end of the period.
    pub end: Timestamp,
}
