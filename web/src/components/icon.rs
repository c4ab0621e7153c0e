//! Lucide's icons. Only the data that is named somewhere ends up in the binary.

use icondata_core::IconData;
use yew::prelude::*;

/// Properties of [`Icon`].
#[derive(Properties, PartialEq)]
pub struct IconProps {
    /// Which.
    pub icon: &'static IconData,
    /// More classes than `icon`.
    #[prop_or_default]
    pub class: Classes,
}

/// An icon beside a text that says the same: hidden from screen readers.
#[component]
pub fn Icon(props: &IconProps) -> Html {
    html! {
        <svg class={classes!("icon", props.class.clone())} viewBox="0 0 24 24" aria-hidden="true">
            { Html::from_html_unchecked(AttrValue::Static(props.icon.data)) }
        </svg>
    }
}
