//! A message in the place of content: nothing here yet, or something went wrong.

use icondata_core::IconData;
use yew::prelude::*;

use super::icon::svg_icon;

/// A picture, what is the case, and what to do next (text, links and buttons).
pub fn message(icon: &'static IconData, title: &'static str, next: Html) -> Html {
    html! {
        <div class="message">
            <span class="message-icon">{ svg_icon(icon) }</span>
            <p class="message-title">{ title }</p>
            <div class="message-text">{ next }</div>
        </div>
    }
}
