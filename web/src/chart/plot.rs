//! The plot of a chart: axes, series, and the step selected by pointer or keyboard.

use shared::{Timestamp, format::Unit};
use yew::prelude::*;

use super::{
    ChartSeries, Marks, Shape, Steps,
    frame::{Frame, pixels},
    scale::{time_ticks, value_ticks},
    tooltip::Tooltip,
};
use crate::{
    hooks::use_width,
    intl::{self, Style},
};

const HEIGHT: f64 = 188.0;
const LEFT: f64 = 52.0;
/// The minimum distance of the labels on the time axis, in pixels.
const TICK_DISTANCE: f64 = 70.0;

/// Properties of [`Plot`].
#[derive(Clone, Properties, PartialEq)]
pub struct PlotProps {
    /// The title, for screen readers.
    pub title: AttrValue,
    /// The steps of the time axis.
    pub steps: Steps,
    /// The series; the first one is drawn behind the others.
    pub series: Vec<ChartSeries>,
    /// The unit of the values.
    pub unit: Unit,
    /// Annotations behind the series.
    #[prop_or_default]
    pub marks: Marks,
}

/// Renders the plot.
#[component]
pub fn Plot(props: &PlotProps) -> Html {
    let node = use_node_ref();
    let width = use_width(&node);
    let selected = use_state(|| None::<usize>);
    let steps = &props.steps;
    let count = steps.starts.len();

    let values = props.series.iter().flat_map(|series| series.values.iter().flatten()).copied();
    // The axis extends beyond the thresholds, so that their lines are visible.
    let thresholds = props.marks.thresholds.iter().map(|threshold| threshold.value * 1.05);
    let (lowest, highest) = values
        .chain(thresholds)
        .fold((0.0, 0.0), |(lowest, highest), value| (value.min(lowest), value.max(highest)));
    let ticks = value_ticks(lowest, highest, 4);
    let frame = Frame {
        left: LEFT,
        right: (width - 8.0).max(LEFT + 1.0),
        top: 10.0,
        bottom: HEIGHT - 26.0,
        start: steps.start,
        end: steps.end,
        lowest: ticks.first().copied().unwrap_or(0.0),
        highest: ticks.last().copied().unwrap_or(1.0),
    };

    let select = selected.setter().to_callback();
    let onpointermove = {
        let steps = steps.clone();
        select.reform(move |event: PointerEvent| {
            let first = steps.starts.first().copied().unwrap_or(steps.start);
            frame.step_at(f64::from(event.offset_x()), first, steps.length, steps.starts.len())
        })
    };
    let onkeydown = {
        let selected = selected.clone();
        Callback::from(move |event: KeyboardEvent| {
            let last = count.saturating_sub(1);
            let next = match (event.key().as_str(), *selected) {
                ("ArrowLeft", at) => Some(at.unwrap_or(count).saturating_sub(1)),
                ("ArrowRight", at) => Some(at.map_or(0, |at| at + 1).min(last)),
                ("Home", _) => Some(0),
                ("End", _) => Some(last),
                ("Escape", _) => None,
                _ => return,
            };
            event.prevent_default();
            selected.set(next);
        })
    };

    html! {
        <div
            class="plot"
            ref={node}
            tabindex="0"
            role="group"
            aria-label={format!("{}, chart. Arrow keys step through the values.", props.title)}
            {onkeydown}
            {onpointermove}
            onpointerleave={select.reform(|_: PointerEvent| None)}
            onblur={select.reform(|_: FocusEvent| None)}
        >
            if width > 0.0 {
                <svg width={pixels(width)} height={pixels(HEIGHT)} aria-hidden="true">
                    { value_axis(&frame, &ticks, props.unit) }
                    { time_axis(&frame, width) }
                    { marks(&frame, &props.marks) }
                    for series in &props.series {
                        <g class={series.class}>{ shape(&frame, steps, series) }</g>
                    }
                    if let Some(index) = *selected {
                        { cursor(&frame, steps, &props.series, index) }
                    }
                </svg>
                if let Some(index) = *selected {
                    <Tooltip
                        steps={steps.clone()}
                        series={props.series.clone()}
                        unit={props.unit}
                        {index}
                        x={frame.x(steps.middle(index))}
                        {width}
                    />
                }
            }
        </div>
    }
}

fn value_axis(frame: &Frame, ticks: &[f64], unit: Unit) -> Html {
    let tick = |value: &f64| {
        let y = pixels(frame.y(*value));
        html! {
            <>
                <line class={if *value == 0.0 { "axis" } else { "grid" }} x1={pixels(frame.left)} x2={pixels(frame.right)} y1={y.clone()} y2={y.clone()} />
                <text class="tick" x={pixels(frame.left - 8.0)} {y} dy="0.32em" text-anchor="end">{ unit.axis_text(*value) }</text>
            </>
        }
    };
    html! { <g>{ for ticks.iter().map(tick) }</g> }
}

fn time_axis(frame: &Frame, width: f64) -> Html {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the width of a screen")]
    let max = ((width - LEFT) / TICK_DISTANCE).max(2.0) as usize;
    let (ticks, days) = time_ticks(frame.start, frame.end, max, intl::offset_minutes(frame.end));
    // If the axis is longer than a day, midnights show the date.
    let style = |moment: Timestamp| {
        let minutes = moment.as_millis() / 60_000 + intl::offset_minutes(moment);
        let dated = days || (minutes % 1440 == 0 && frame.end.since(frame.start).as_secs() > 86_400);
        if dated { Style::Day } else { Style::Time }
    };
    let tick = |moment: &Timestamp| {
        // A label centred on an edge would be cut off.
        let x = frame.x(*moment);
        let x = if x > frame.right - 18.0 { None } else { Some(x.max(frame.left + 10.0)) };
        html! {
            if let Some(x) = x {
                <text class="tick" x={pixels(x)} y={pixels(HEIGHT - 8.0)} text-anchor="middle">{ intl::date(*moment, style(*moment)) }</text>
            }
        }
    };
    html! { <g>{ for ticks.iter().map(tick) }</g> }
}

/// Draws the bands, at least two pixels wide, and the thresholds.
fn marks(frame: &Frame, marks: &Marks) -> Html {
    html! {
        <g>
            for band in &marks.bands {
                <rect
                    class={classes!("band", band.class)}
                    x={pixels(frame.x(band.start))}
                    y={pixels(frame.top)}
                    width={pixels((frame.x(band.end) - frame.x(band.start)).max(2.0))}
                    height={pixels(frame.bottom - frame.top)}
                />
            }
            for threshold in &marks.thresholds {
                <line
                    class={classes!("threshold", threshold.class)}
                    x1={pixels(frame.left)}
                    x2={pixels(frame.right)}
                    y1={pixels(frame.y(threshold.value))}
                    y2={pixels(frame.y(threshold.value))}
                />
            }
        </g>
    }
}

fn shape(frame: &Frame, steps: &Steps, series: &ChartSeries) -> Html {
    if series.shape == Shape::Bars {
        return html! { <path class="bars" d={bars(frame, steps, &series.values)} /> };
    }
    let points: Vec<_> =
        series.values.iter().enumerate().map(|(index, value)| (steps.middle(index), *value)).collect();
    html! {
        <>
            if series.shape == Shape::Area {
                <path class="area" d={frame.area(&points)} />
            }
            <path class="line" d={frame.line(&points)} />
        </>
    }
}

/// Returns the path of all bars of a series.
fn bars(frame: &Frame, steps: &Steps, values: &[Option<f64>]) -> String {
    let bar = |(index, value): (usize, &Option<f64>)| {
        let value = value.filter(|value| *value > 0.0)?;
        let (from, to) = steps.span(index);
        let (left, right) = (frame.x(from), frame.x(to));
        let gap = ((right - left) * 0.18).clamp(0.4, 3.0);
        // A value above zero is at least one pixel high.
        let top = frame.y(value).min(frame.bottom - 1.0);
        let (left, right, bottom) = (left + gap / 2.0, right - gap / 2.0, frame.bottom);
        (right > left).then(|| {
            let [left, right, top, bottom] = [left, right, top, bottom].map(pixels);
            format!("M{left} {bottom}V{top}H{right}V{bottom}Z")
        })
    };
    values.iter().enumerate().filter_map(bar).collect()
}

/// Draws a line through the selected step, and a dot on each line series.
fn cursor(frame: &Frame, steps: &Steps, all: &[ChartSeries], index: usize) -> Html {
    let x = pixels(frame.x(steps.middle(index)));
    let dot = |series: &ChartSeries| {
        let value = series.values.get(index).copied().flatten().filter(|_| series.shape != Shape::Bars)?;
        let y = pixels(frame.y(value));
        Some(html! { <circle class={classes!("dot", series.class)} cx={x.clone()} cy={y} r="3.5" /> })
    };
    html! {
        <g>
            <line class="cursor" x1={x.clone()} x2={x.clone()} y1={pixels(frame.top)} y2={pixels(frame.bottom)} />
            { for all.iter().filter_map(dot) }
        </g>
    }
}
