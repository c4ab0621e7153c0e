//! The age of the data, with a refresh button.

use icondata_lu::LuRefreshCw;
use shared::{Timestamp, format};
use yew::prelude::*;

use super::icon::svg_icon;
use crate::hooks::use_now;

/// Properties of [`Updated`].
#[derive(Properties, PartialEq)]
pub struct UpdatedProps {
    /// When the oldest data was received.
    pub at: Option<Timestamp>,
    /// Whether a request is in flight.
    pub loading: bool,
    /// Called to fetch the data, bypassing the API's cache.
    pub on_refresh: Callback<()>,
}

/// Renders the age and the button.
#[component]
pub fn Updated(props: &UpdatedProps) -> Html {
    let now = use_now(1);
    let onclick = props.on_refresh.reform(|_: MouseEvent| ());
    html! {
        <div class="updated">
            if let Some(at) = props.at {
                <span class="updated-text">{ format!("Updated {}", format::ago(at, now)) }</span>
            }
            <button type="button" class="button icon-button" {onclick} aria-label="Refresh" title="Refresh">
                <span class={classes!("spinner", props.loading.then_some("spin"))}>{ svg_icon(LuRefreshCw) }</span>
            </button>
        </div>
    }
}
