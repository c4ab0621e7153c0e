//! Deliveries of notifications to alert channels.

use shared::{alert_channel::AlertDelivery, format};
use yew::prelude::*;

use super::{
    table::{column_heads, table},
    time::exact_time,
};
use crate::{
    alert::{delivery_status, event_label},
    intl::{self, Style},
};

/// Renders the status of a delivery as a badge, with the receiver's response.
pub fn delivery_badge(delivery: &AlertDelivery) -> Html {
    let (class, label, detail) = delivery_status(delivery);
    html! {
        <span class="delivery-status">
            <span class={classes!("badge", class)}>{ label }</span>
            if !detail.is_empty() { <span class="muted">{ detail }</span> }
        </span>
    }
}

/// Renders a table of deliveries, newest first. `channel` returns the channel's name of a delivery; without it there is no
/// channel column.
pub fn delivery_table(
    deliveries: &[AlertDelivery],
    channel: Option<&dyn Fn(&AlertDelivery) -> String>,
) -> Html {
    let texts: &[_] = if channel.is_some() {
        &["Time", "Channel", "Event", "Status"]
    } else {
        &["Time", "Event", "Status"]
    };
    let row = |delivery: &AlertDelivery| {
        html! {
            <tr key={delivery.id.to_string()}>
                <td class="cell-time">{ exact_time(delivery.created_at) }</td>
                if let Some(channel) = channel { <td>{ channel(delivery) }</td> }
                <td>
                    { event_label(delivery.event) }
                    if delivery.alert_count > 1 {
                        { format!(" ({} alerts)", format::integer(delivery.alert_count)) }
                    }
                </td>
                <td class="cell-delivery">
                    { delivery_badge(delivery) }
                    if let Some(at) = delivery.next_attempt_at.filter(|_| delivery.attempts > 0) {
                        <span class="muted">{ format!("Next attempt: {}", intl::date(at, Style::Exact)) }</span>
                    }
                </td>
                <td class="number">{ delivery.attempts }</td>
            </tr>
        }
    };
    table("plain deliveries", column_heads(texts, &["Attempts"]), deliveries.iter().map(row).collect())
}
