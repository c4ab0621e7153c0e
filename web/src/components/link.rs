//! A link within the application: a real `<a href>`, followed without a reload.

use yew::prelude::*;
use yew_router::{Routable, hooks::use_navigator, query::Raw};

use crate::route::Route;

/// Properties of [`RouteLink`].
#[derive(Properties, PartialEq)]
pub struct RouteLinkProps {
    /// Where to.
    pub to: Route,
    /// The query to go with it, without `?`.
    #[prop_or_default]
    pub query: AttrValue,
    /// Classes of the `<a>`.
    #[prop_or_default]
    pub class: Classes,
    /// Whether it leads to the page that is shown.
    #[prop_or_default]
    pub current: bool,
    /// A label where the content says too little by itself.
    #[prop_or_default]
    pub label: Option<AttrValue>,
    /// What is shown.
    pub children: Html,
}

/// See the module.
#[component]
pub fn RouteLink(props: &RouteLinkProps) -> Html {
    let navigator = use_navigator();
    let path = props.to.to_path();
    let href = if props.query.is_empty() { path } else { format!("{path}?{}", props.query) };
    let onclick = {
        let (to, query) = (props.to.clone(), props.query.clone());
        Callback::from(move |event: MouseEvent| {
            // Those open a tab or a window, which is the browser's.
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
