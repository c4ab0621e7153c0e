//! What channels were told, when, and what became of it.

use shared::alert_channel::AlertDelivery;
use yew::prelude::*;

use super::{column_heads::column_heads, time::exact_time};
use crate::{
    alert::{delivery_outcome, event_label},
    intl::{self, Style},
};

/// As a badge, with what the other side said.
pub fn outcome(delivery: &AlertDelivery) -> Html {
    let (class, word, said) = delivery_outcome(delivery);
    html! {
        <span class="outcome">
            <span class={classes!("badge", class)}>{ word }</span>
            if !said.is_empty() { <span class="muted">{ said }</span> }
        </span>
    }
}

/// Newest first; with the channel's name where `channel` says it.
pub fn delivery_table(
    deliveries: &[AlertDelivery],
    channel: Option<&dyn Fn(&AlertDelivery) -> String>,
) -> Html {
    html! {
        <div class="table-scroll">
            <table class="plain deliveries">
                <thead>
                    <tr>
                        if channel.is_some() {
                            { column_heads(&["When", "Channel", "What", "Outcome"], &["Attempts"]) }
                        } else {
                            { column_heads(&["When", "What", "Outcome"], &["Attempts"]) }
                        }
                    </tr>
                </thead>
                <tbody>
                    for delivery in deliveries {
                        <tr key={delivery.id.to_string()}>
                            <td class="cell-time">{ exact_time(delivery.created_at) }</td>
                            if let Some(channel) = channel { <td>{ channel(delivery) }</td> }
                            <td>{ event_label(delivery.event) }</td>
                            <td class="cell-outcome">
                                { outcome(delivery) }
                                if let Some(at) = delivery.next_attempt_at.filter(|_| delivery.attempts > 0) {
                                    <span class="muted">{ format!("Next at {}", intl::date(at, Style::Exact)) }</span>
                                }
                            </td>
                            <td class="number">{ delivery.attempts }</td>
                        </tr>
                    }
                </tbody>
            </table>
        </div>
    }
}
