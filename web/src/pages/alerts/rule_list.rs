//! The list of rules, with their actions.

use std::time::Duration;

use icondata_lu::LuBell;
use serde_json::{Value, json};
use shared::{Timestamp, access::Permission, alert_rule::AlertRule, format, ttl};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    alert::rule_summary,
    auth::use_client,
    components::{
        confirm::{Confirmation, use_confirm},
        form_error::form_error,
        link::RouteLink,
        load::{skeleton_lines, view},
        menu::Menu,
        message::message,
        permitted::Permitted,
        switch::switch,
        time::RelativeTime,
        updated::Updated,
    },
    hooks::{use_action, use_permission, use_poll},
    intl::{self, Style},
    route::Route,
};

/// The mute durations of the menu, in hours.
const MUTE_HOURS: [(u64, &str); 4] =
    [(1, "For 1 hour"), (8, "For 8 hours"), (24, "For 1 day"), (168, "For 7 days")];

/// Loads and renders the rules.
#[component]
pub fn RuleList() -> Html {
    let client = use_client();
    let can_manage = use_permission(Permission::Manage);
    let (ask, dialog) = use_confirm();
    let rules = use_poll((), ttl::ALERTS, |client, ()| client.list_alert_rules());
    let (send, error) = use_action(rules.on_refresh());
    let on_change = {
        let client = client.clone();
        send.reform(move |(id, fields): (String, Value)| client.save_alert_rule(Some(&id), &fields))
    };
    let on_delete = {
        let on_done = rules.on_refresh();
        ask.reform(move |stored: AlertRule| Confirmation {
            title: format!("Delete “{}”?", stored.rule.name),
            action: "Delete",
            text: "Its active alerts are resolved. Past alerts stay in the history.".to_owned(),
            on_confirm: {
                let (client, id) = (client.clone(), stored.id.to_string());
                Callback::from(move |()| client.delete_alert_rule(&id))
            },
            on_done: on_done.clone(),
        })
    };
    let now = intl::now();
    html! {
        <section class="panel" aria-label="Rules">
            <header class="panel-head">
                if let Some(list) = rules.data() {
                    <h2>{ if list.total == 1 { "1 rule".to_owned() } else { format!("{} rules", format::integer(list.total)) } }</h2>
                }
                <Updated at={rules.updated_at()} loading={rules.is_loading()} on_refresh={rules.on_refresh()} />
            </header>
            { form_error(error.as_deref()) }
            { view(&rules, skeleton_lines(6), |list| html! {
                if list.items.is_empty() {
                    { message(LuBell, "No rules", html! {
                        <Permitted><p>{ "Create a rule to get alerts. The preview shows how often it would have fired." }</p></Permitted>
                    }) }
                } else {
                    <ul class="rules">{ for list.items.iter().map(|rule| item(rule, now, can_manage, &on_change, &on_delete)) }</ul>
                }
            }) }
            { dialog }
        </section>
    }
}

fn item(
    stored: &AlertRule,
    now: Timestamp,
    can_manage: bool,
    on_change: &Callback<(String, Value)>,
    on_delete: &Callback<AlertRule>,
) -> Html {
    let rule = &stored.rule;
    let id = stored.id.to_string();
    let update = |fields: Value| {
        let id = id.clone();
        on_change.reform(move |_: MouseEvent| (id.clone(), fields.clone()))
    };
    let mute =
        |until: Option<Timestamp>| update(json!({ "muted_until": until.map(|until| until.to_string()) }));
    let until = {
        let id = id.clone();
        on_change.reform(move |event: Event| {
            let text = event.target_unchecked_into::<HtmlInputElement>().value();
            let until = intl::from_local_input(&text).map(|until| until.to_string());
            (id.clone(), json!({ "muted_until": until }))
        })
    };
    let muted = rule.muted_until.filter(|until| *until > now);
    let until_id = format!("mute-{id}");
    let onclick = {
        let stored = stored.clone();
        on_delete.reform(move |_: MouseEvent| stored.clone())
    };
    html! {
        <li key={id.clone()} class={classes!("rule", (!rule.enabled).then_some("off"))}>
            if can_manage {
                { switch(rule.enabled, format!("Enable {}", rule.name), update(json!({ "enabled": !rule.enabled }))) }
            } else {
                <span />
            }
            <div class="rule-body">
                <p class="alert-title">
                    <RouteLink class="alert-link" to={Route::AlertRule { id: id.clone() }}>{ rule.name.clone() }</RouteLink>
                    if stored.open_alerts > 0 {
                        <span class="badge severity-critical">{ format::integer(stored.open_alerts) }{ " firing" }</span>
                    }
                    if let Some(until) = muted {
                        <span class="badge severity-warning">{ format!("Muted until {}", intl::date(until, Style::Short)) }</span>
                    }
                </p>
                <p class="alert-text">{ rule_summary(rule) }</p>
                <p class="rule-note">
                    if !rule.enabled {
                        { "Disabled" }
                    } else if let Some(at) = stored.evaluated_at {
                        { "Evaluated " }<RelativeTime {at} />
                    } else {
                        { "Not evaluated yet" }
                    }
                </p>
            </div>
            <div class="rule-actions">
                if can_manage {
                    <RouteLink class="button small" to={Route::AlertRule { id: id.clone() }} label={format!("Edit {}", rule.name)}>{ "Edit" }</RouteLink>
                    <Menu label={format!("Mute {}", rule.name)} button={html! { <span class="button small">{ if muted.is_some() { "Muted" } else { "Mute" } }</span> }}>
                        <>
                            if muted.is_some() { <button type="button" class="menu-item" onclick={mute(None)}>{ "Unmute" }</button> }
                            for (hours, label) in MUTE_HOURS {
                                <button type="button" class="menu-item" onclick={mute(Some(now + Duration::from_secs(hours * 3600)))}>{ label }</button>
                            }
                            <div class="field menu-field">
                                <label for={until_id.clone()}>{ "Until" }</label>
                                <input id={until_id} type="datetime-local" onchange={until} />
                            </div>
                        </>
                    </Menu>
                    <button type="button" class="button small danger" {onclick} aria-label={format!("Delete {}", rule.name)}>{ "Delete" }</button>
                } else {
                    <RouteLink class="button small" to={Route::AlertRule { id: id.clone() }} label={format!("View {}", rule.name)}>{ "View" }</RouteLink>
                }
            </div>
        </li>
    }
}
