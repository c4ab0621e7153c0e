//! A chart's values as a table.

use shared::Timestamp;
use yew::prelude::*;

use super::{ChartSeries, Steps};
use crate::{
    components::kpi_card::Unit,
    format,
    intl::{self, Style},
};

/// Properties of [`ChartTable`].
#[derive(Properties, PartialEq)]
pub struct ChartTableProps {
    /// What the values are.
    pub title: AttrValue,
    /// The steps: a row each.
    pub steps: Steps,
    /// The series: a column each.
    pub series: Vec<ChartSeries>,
    /// What the values are measured in.
    pub unit: Unit,
}

/// Newest first, since that is what one looks for.
#[component]
pub fn ChartTable(props: &ChartTableProps) -> Html {
    let row = |(index, moment): (usize, &Timestamp)| {
        html! {
            <tr>
                <th scope="row">{ intl::date(*moment, Style::Short) }</th>
                for series in &props.series {
                    <td>{ text(props.unit, series.values.get(index).copied().flatten()) }</td>
                }
            </tr>
        }
    };
    html! {
        <div class="table-scroll chart-table" tabindex="0" role="region" aria-label={format!("{} as a table", props.title)}>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{ "Time" }</th>
                        for series in &props.series {
                            <th scope="col">{ series.label }</th>
                        }
                    </tr>
                </thead>
                <tbody>{ for props.steps.moments.iter().enumerate().rev().map(row) }</tbody>
            </table>
        </div>
    }
}

/// A value, or what stands for none.
pub fn text(unit: Unit, value: Option<f64>) -> String {
    value.map_or_else(|| format::NONE.to_owned(), |value| unit.text(value))
}
