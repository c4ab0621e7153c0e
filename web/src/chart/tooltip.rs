//! What a step of a chart holds, beside the step.

use web_sys::HtmlElement;
use yew::prelude::*;

use super::{ChartSeries, Steps, table::text};
use crate::{
    components::kpi_card::Unit,
    format,
    intl::{self, Style},
};

/// Properties of [`Tooltip`].
#[derive(Properties, PartialEq)]
pub struct TooltipProps {
    /// The steps.
    pub steps: Steps,
    /// The series.
    pub series: Vec<ChartSeries>,
    /// What the values are measured in.
    pub unit: Unit,
    /// Which step.
    pub index: usize,
    /// Pixels from the chart's left edge to the step.
    pub x: f64,
    /// The chart's width in pixels.
    pub width: f64,
}

/// On the side of the step that has more room.
#[component]
pub fn Tooltip(props: &TooltipProps) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with((props.x, props.width), move |&(x, width)| {
            // Through the object model: the content security policy forbids style attributes.
            if let Some(element) = node.cast::<HtmlElement>() {
                let right_side = x < width / 2.0;
                let (set, unset, offset) =
                    if right_side { ("left", "right", x) } else { ("right", "left", width - x) };
                let style = element.style();
                drop(style.set_property(set, &(format::plain(offset + 12.0, 0) + "px")));
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
