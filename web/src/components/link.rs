//! A link within the application: an `<a href>` that navigates without a reload.

use yew::prelude::*;
use yew_router::{Routable, hooks::use_navigator, query::Raw};

use crate::route::Route;

/// Properties of [`RouteLink`].
#[derive(Properties, PartialEq)]
pub struct RouteLinkProps {
    /// The target page.
    pub to: Route,
    /// The URL query, without `?`.
    #[prop_or_default]
    pub query: AttrValue,
    /// The CSS classes of the `<a>`.
    #[prop_or_default]
    pub class: Classes,
    /// Whether the target is the current page.
    #[prop_or_default]
    pub current: bool,
    /// The accessible name, if the content is not descriptive enough.
    #[prop_or_default]
    pub label: Option<AttrValue>,
    /// The content of the link.
    pub children: Html,
}

/// Renders the link.
#[component]
pub fn RouteLink(props: &RouteLinkProps) -> Html {
    let navigator = use_navigator();
    let path = props.to.to_path();
    let href = if props.query.is_empty() { path } else { format!("{path}?{}", props.query) };
    let onclick = {
        let (to, query) = (props.to.clone(), props.query.clone());
        Callback::from(move |event: MouseEvent| {
            // With a modifier key, the browser opens a tab or a window.
            if event.meta_key() || event.ctrl_key() || event.shift_key() || event.alt_key() {
                return;
            }
            if let Some(navigator) = &navigator {
                event.prevent_default();
                let Ok(()) = navigator.push_with_query(&to, Raw(&*query));
            }
        })
    };
    html! {
        <a {href} {onclick} class={props.class.clone()} aria-current={props.current.then_some("page")} aria-label={props.label.clone()}>
            { props.children.clone() }
        </a>
    }
}
