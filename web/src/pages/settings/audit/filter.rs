//! The filters of the audit log: by the noun of the action, and by actor.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{account::action_nouns, api::AuditQuery, components::select::select};

/// Renders the filters. A changed filter starts at the newest events.
pub fn filters(query: &AuditQuery, set_query: &Callback<AuditQuery>) -> Html {
    let filter = |change: fn(&mut AuditQuery, Option<String>)| {
        let query = query.clone();
        set_query.reform(move |value: String| {
            let mut changed = AuditQuery { cursor: None, ..query.clone() };
            change(&mut changed, Some(value).filter(|value| !value.is_empty()));
            changed
        })
    };
    let nouns = action_nouns();
    let on_action = filter(|query, value| query.action = value);
    let onchange = filter(|query, value| query.actor = value)
        .reform(|event: Event| event.target_unchecked_into::<HtmlInputElement>().value().trim().to_owned());
    html! {
        <>
            { select("action", "Action", "All actions", query.action.as_deref(), &nouns, &on_action) }
            <div class={classes!("select", query.actor.is_some().then_some("active"))}>
                <label class="visually-hidden" for="actor">{ "Actor" }</label>
                <input id="actor" type="search" placeholder="Actor (e-mail or ID)" autocomplete="off" value={query.actor.clone().unwrap_or_default()} {onchange} />
            </div>
        </>
    }
}
