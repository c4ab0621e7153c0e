//! The events of the audit log as a table.

use icondata_lu::LuSearch;
use serde_json::Value;
use shared::audit::AuditEvent;
use yew::prelude::*;

use crate::{
    account::{action_label, actor_label},
    components::{
        message::message,
        table::{column_heads, table},
        time::exact_time,
    },
};

/// Renders the table, or an empty state.
pub fn list(events: &[AuditEvent]) -> Html {
    if events.is_empty() {
        let next = html! { <p>{ "Choose a longer range or other filters." }</p> };
        return message(LuSearch, "No events", next);
    }
    let heads = column_heads(&["Time", "Action", "Actor", "Target", "Address"], &[]);
    table("keys audit", heads, events.iter().map(row).collect())
}

fn row(event: &AuditEvent) -> Html {
    let actor_id = event.actor.id.map(|id| id.to_string());
    let details = details(event);
    html! {
        <tr key={event.id.to_string()}>
            <td class="cell-time">{ exact_time(event.at) }</td>
            <th scope="row" title={event.action.clone()}>
                { action_label(&event.action) }
                if !details.is_empty() { <span class="audit-details muted">{ details }</span> }
            </th>
            <td class="cell-actor" data-label="Actor"><span class="ellipsis" title={actor_id}>{ actor_label(&event.actor) }</span></td>
            <td data-label="Target"><span class="mono ellipsis" title={event.target.clone()}>{ event.target.clone() }</span></td>
            <td data-label="Address"><span class="mono">{ event.address.clone() }</span></td>
        </tr>
    }
}

/// Returns the facts of an event: `role: viewer, email: bob@example.com`.
fn details(event: &AuditEvent) -> String {
    let fact = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    };
    event.details.iter().map(fact).collect::<Vec<_>>().join(", ")
}
