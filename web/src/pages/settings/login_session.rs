//! The login sessions of the account: the list, and the logout everywhere.

use shared::{auth::LoginSession, ttl};
use yew::prelude::*;

use crate::{
    account::user_agent_label,
    auth::use_auth,
    components::{
        confirm::{Confirmation, use_confirm},
        form_error::form_error,
        load::{skeleton_lines, view},
        panel::panel,
        table::{actions_head, column_heads, table},
        time::{RelativeTime, exact_time},
    },
    hooks::{use_action, use_poll},
};

/// Loads and renders the section.
#[component]
pub fn LoginSessions() -> Html {
    let auth = use_auth();
    let sessions = use_poll((), ttl::ALERTS, |client, ()| client.list_login_sessions());
    let (send, error) = use_action(sessions.on_refresh());
    let (ask, dialog) = use_confirm();
    let on_everywhere = {
        let auth = auth.clone();
        ask.reform(move |_: MouseEvent| {
            let (client, auth) = (auth.client(), auth.clone());
            Confirmation {
                title: "Log out everywhere?".to_owned(),
                action: "Log out everywhere",
                text: "All your login sessions end, including this one. API keys stay valid.".to_owned(),
                on_confirm: Callback::from(move |()| client.log_out_everywhere()),
                on_done: Callback::from(move |()| auth.end_session()),
            }
        })
    };
    let row = |session: &LoginSession| {
        let (client, id) = (auth.client(), session.id.to_string());
        let label = user_agent_label(&session.user_agent);
        let end_label = format!("End session: {label}, {}", session.address);
        let onclick = send.reform(move |_: MouseEvent| client.delete_login_session(&id));
        html! {
            <tr key={session.id.to_string()}>
                <th scope="row" title={session.user_agent.clone()}><span class="ellipsis">{ label }</span></th>
                <td class="mono" data-label="Address">{ session.address.clone() }</td>
                <td data-label="Logged in">{ exact_time(session.created_at) }</td>
                <td data-label="Last active"><RelativeTime at={session.last_used_at} /></td>
                <td class="cell-action">
                    if session.is_current {
                        <span class="tag">{ "This session" }</span>
                    } else {
                        <button type="button" class="button small" {onclick} aria-label={end_label}>{ "End session" }</button>
                    }
                </td>
            </tr>
        }
    };
    let heads = html! { <>{ column_heads(&["Browser", "Address", "Logged in", "Last active"], &[]) }{ actions_head() }</> };
    let aside = html! { <button type="button" class="button small danger" onclick={on_everywhere}>{ "Log out everywhere" }</button> };
    panel(
        "Active sessions",
        "",
        aside,
        html! { <>
            { form_error(error.as_deref()) }
            { view(&sessions, skeleton_lines(3), |list| table("keys", heads, list.items.iter().map(row).collect())) }
            { dialog }
        </> },
    )
}
