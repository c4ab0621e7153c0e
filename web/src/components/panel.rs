//! A titled box.

use yew::prelude::*;

/// Properties of [`Panel`].
#[derive(Properties, PartialEq)]
pub struct PanelProps {
    /// What the box is about.
    pub title: AttrValue,
    /// What stands beside the title: a count, a legend, a link.
    #[prop_or_default]
    pub aside: Html,
    /// More classes than `panel`.
    #[prop_or_default]
    pub class: Classes,
    /// What is in it.
    pub children: Html,
}

/// See the module.
#[component]
pub fn Panel(props: &PanelProps) -> Html {
    html! {
        <section class={classes!("panel", props.class.clone())} aria-label={props.title.clone()}>
            <header class="panel-head">
                <h2>{ props.title.clone() }</h2>
                { props.aside.clone() }
            </header>
            { props.children.clone() }
        </section>
    }
}
