//! The values of a chart as a table.

use shared::{
    Timestamp,
    format::{self, Unit},
};
use yew::prelude::*;

use super::{ChartSeries, Steps};
use crate::intl::{self, Style};

/// Returns a table with a row per step, newest first, and a column per series.
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
                <tbody>{ for steps.starts.iter().enumerate().rev().map(row) }</tbody>
            </table>
        </div>
    }
}

/// Formats a value, or a dash if it is absent.
pub fn text(unit: Unit, value: Option<f64>) -> String {
    value.map_or_else(|| format::NONE.to_owned(), |value| unit.text(value))
}
