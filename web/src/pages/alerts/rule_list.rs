//! The rules of the workspace, and what can be done with each.

use std::time::Duration;

use icondata_lu::LuBell;
use serde_json::{Value, json};
use shared::{Timestamp, alert_rule::AlertRule, ttl};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    alert::sentence,
    auth::use_client,
    components::{
        confirm::Confirm,
        form_error::form_error,
        link::RouteLink,
        load::{skeleton_lines, view},
        menu::Menu,
        message::message,
        switch::switch,
        time::RelativeTime,
        updated::Updated,
    },
    format,
    hooks::use_poll,
    intl::{self, Style},
    route::Route,
};

/// For how many hours a rule is muted by one click.
const MUTES: [(u64, &str); 4] =
    [(1, "For 1 hour"), (8, "For 8 hours"), (24, "For 1 day"), (168, "For 7 days")];

/// See the module.
#[component]
pub fn RuleList() -> Html {
    let client = use_client();
    let error = use_state(|| None::<String>);
    let asked = use_state(|| None::<AlertRule>);
    let rules = use_poll((), ttl::ALERTS, |client, ()| client.alert_rules());
    let on_change = {
        let (client, error, on_refresh) = (client.clone(), error.clone(), rules.on_refresh());
        Callback::from(move |(id, fields): (String, Value)| {
            let (error, on_refresh) = (error.clone(), on_refresh.clone());
            client.keep_alert_rule(Some(&id), &fields).then(Callback::from(move |reason| {
                error.set(reason);
                on_refresh.emit(());
            }));
        })
    };
    let on_remove = {
        let asked = asked.clone();
        Callback::from(move |rule| asked.set(Some(rule)))
    };
    let on_close = {
        let asked = asked.clone();
        Callback::from(move |()| asked.set(None))
    };
    let remove = |id: String| Callback::from(move |()| client.remove_alert_rule(&id));
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
                    { message(LuBell, "No rules", html! { <p>{ "Nothing is watched. Make a rule, and try it on the last days before you keep it." }</p> }) }
                } else {
                    <ul class="rules">{ for list.items.iter().map(|rule| item(rule, now, &on_change, &on_remove)) }</ul>
                }
            }) }
            if let Some(rule) = &*asked {
                <Confirm title={format!("Delete “{}”?", rule.rule.name)} action="Delete" act={remove(rule.id.to_string())} on_done={rules.on_refresh()} {on_close}>
                    { "Its alerts that last are over then; those of the past stay in the history." }
                </Confirm>
            }
        </section>
    }
}

fn item(
    kept: &AlertRule,
    now: Timestamp,
    on_change: &Callback<(String, Value)>,
    on_remove: &Callback<AlertRule>,
) -> Html {
    let rule = &kept.rule;
    let id = kept.id.to_string();
    let change = |fields: Value| {
        let id = id.clone();
        on_change.reform(move |_: MouseEvent| (id.clone(), fields.clone()))
    };
    let mute =
        |until: Option<Timestamp>| change(json!({ "muted_until": until.map(|until| until.to_string()) }));
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
        let kept = kept.clone();
        on_remove.reform(move |_: MouseEvent| kept.clone())
    };
    html! {
        <li key={id.clone()} class={classes!("rule", (!rule.enabled).then_some("off"))}>
            { switch(rule.enabled, format!("Evaluate {}", rule.name), change(json!({ "enabled": !rule.enabled }))) }
            <div class="rule-body">
                <p class="alert-title">
                    <RouteLink class="alert-link" to={Route::AlertRule { id: id.clone() }}>{ rule.name.clone() }</RouteLink>
                    if kept.open_alerts > 0 {
                        <span class="badge severity-critical">{ format::integer(kept.open_alerts) }{ " firing" }</span>
                    }
                    if let Some(until) = muted {
                        <span class="badge severity-warning">{ format!("Muted until {}", intl::date(until, Style::Short)) }</span>
                    }
                </p>
                <p class="alert-text">{ sentence(rule) }</p>
                <p class="rule-note">
                    if !rule.enabled {
                        { "Switched off" }
                    } else if let Some(at) = kept.evaluated_at {
                        { "Evaluated " }<RelativeTime {at} />
                    } else {
                        { "Not evaluated yet" }
                    }
                </p>
            </div>
            <div class="rule-actions">
                <RouteLink class="button small" to={Route::AlertRule { id: id.clone() }} label={format!("Edit {}", rule.name)}>{ "Edit" }</RouteLink>
                <Menu label={format!("Mute {}", rule.name)} button={html! { <span class="button small">{ if muted.is_some() { "Muted" } else { "Mute" } }</span> }}>
                    <>
                        if muted.is_some() { <button type="button" class="menu-item" onclick={mute(None)}>{ "Tell channels again" }</button> }
                        for (hours, label) in MUTES {
                            <button type="button" class="menu-item" onclick={mute(Some(now + Duration::from_secs(hours * 3600)))}>{ label }</button>
                        }
                        <div class="field menu-field">
                            <label for={until_id.clone()}>{ "Until" }</label>
                            <input id={until_id} type="datetime-local" onchange={until} />
                        </div>
                    </>
                </Menu>
                <button type="button" class="button small danger" {onclick} aria-label={format!("Delete {}", rule.name)}>{ "Delete" }</button>
            </div>
        </li>
    }
}
