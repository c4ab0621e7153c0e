//! A message in the place of content: nothing here yet, or something went wrong.

use icondata_core::IconData;
use yew::prelude::*;

use super::icon::Icon;

/// Properties of [`Message`].
#[derive(Properties, PartialEq)]
pub struct MessageProps {
    /// A picture of it.
    pub icon: &'static IconData,
    /// What is the case.
    pub title: AttrValue,
    /// What to do next: text, links and buttons.
    #[prop_or_default]
    pub children: Html,
}

/// See the module.
#[component]
pub fn Message(props: &MessageProps) -> Html {
    html! {
        <div class="message">
            <span class="message-icon"><Icon icon={props.icon} /></span>
            <p class="message-title">{ props.title.clone() }</p>
            <div class="message-text">{ props.children.clone() }</div>
        </div>
    }
}
