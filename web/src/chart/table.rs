//! A chart's values as a table.

use shared::Timestamp;
use yew::prelude::*;

use super::{ChartSeries, Steps};
use crate::{
    components::kpi_card::Unit,
    format,
    intl::{self, Style},
};

/// A row per step, newest first, since that is what one looks for; a column per series.
pub fn chart_table(title: &str, steps: &Steps, all: &[ChartSeries], unit: Unit) -> Html {
    let row = |(index, moment): (usize, &Timestamp)| {
        html! {
            <tr>
                <th scope="row">{ intl::date(*moment, Style::Short) }</th>
                for series in all {
                    <td>{ text(unit, series.values.get(index).copied().flatten()) }</td>
                }
            </tr>
        }
    };
    html! {
        <div class="table-scroll chart-table" tabindex="0" role="region" aria-label={format!("{title} as a table")}>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{ "Time" }</th>
                        for series in all {
                            <th scope="col">{ series.label }</th>
                        }
                    </tr>
                </thead>
                <tbody>{ for steps.moments.iter().enumerate().rev().map(row) }</tbody>
            </table>
        </div>
    }
}

/// A value, or what stands for none.
pub fn text(unit: Unit, value: Option<f64>) -> String {
    value.map_or_else(|| format::NONE.to_owned(), |value| unit.text(value))
}
