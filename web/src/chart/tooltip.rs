//! The tooltip of a chart: the values of one step.

use shared::format::{self, Unit};
use web_sys::HtmlElement;
use yew::prelude::*;

use super::{ChartSeries, Steps, table::text};
use crate::intl::{self, Style};

/// Properties of [`Tooltip`].
#[derive(Properties, PartialEq)]
pub struct TooltipProps {
    /// The steps of the time axis.
    pub steps: Steps,
    /// The series.
    pub series: Vec<ChartSeries>,
    /// The unit of the values.
    pub unit: Unit,
    /// The index of the step.
    pub index: usize,
    /// The x coordinate of the step, in pixels.
    pub x: f64,
    /// The width of the chart in pixels.
    pub width: f64,
}

/// Shows the tooltip on the side of the step with more room.
#[component]
pub fn Tooltip(props: &TooltipProps) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with((props.x, props.width), move |&(x, width)| {
            // The content security policy forbids style attributes, but allows styles set through the DOM.
            if let Some(element) = node.cast::<HtmlElement>() {
                let right_side = x < width / 2.0;
                let (set, unset, offset) =
                    if right_side { ("left", "right", x) } else { ("right", "left", width - x) };
                let style = element.style();
                drop(style.set_property(set, &format!("{:.0}px", offset + 12.0)));
                drop(style.set_property(unset, "auto"));
            }
        });
    }
    let (from, _) = props.steps.span(props.index);
    html! {
        <div class="chart-tip" ref={node} role="status">
            <p class="chart-tip-time">
                { intl::date(from, Style::Short) }
                <span class="muted">{ format!(" · {}", format::step(props.steps.length)) }</span>
            </p>
            <dl>
                for series in &props.series {
                    <div class={series.class}>
                        <dt><span class="swatch" />{ series.label }</dt>
                        <dd>{ text(props.unit, series.values.get(props.index).copied().flatten()) }</dd>
                    </div>
                }
            </dl>
        </div>
    }
}
