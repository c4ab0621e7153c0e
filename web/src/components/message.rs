//! A message in place of content: an empty state or an error.

use icondata_core::IconData;
use yew::prelude::*;

use super::icon::svg_icon;

/// Renders an icon, a title, and what to do next (text, links and buttons).
pub fn message(icon: &'static IconData, title: &'static str, next: Html) -> Html {
    html! {
        <div class="message">
            <span class="message-icon">{ svg_icon(icon) }</span>
            <p class="message-title">{ title }</p>
            <div class="message-text">{ next }</div>
        </div>
    }
}
