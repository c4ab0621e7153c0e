//! The frame of every page behind the login: navigation, account menu, content.

use std::rc::Rc;

use icondata_core::IconData;
use icondata_lu::{
    LuBell, LuLayoutDashboard, LuListTree, LuLogOut, LuMessagesSquare, LuRocket, LuSettings, LuUsers,
};
use shared::{
    alert::{Alert, AlertStateFilter},
    auth::User,
    limit,
    page::Page,
    ttl,
};
use web_sys::HtmlElement;
use yew::prelude::*;

use super::{brand::brand, icon::svg_icon, link::RouteLink, menu::Menu};
use crate::{
    api::ApiError,
    auth::use_auth,
    hooks::{Poll, use_poll},
    intl,
    route::Route,
};

/// The account that is logged in, as a context for pages.
#[derive(Clone)]
pub struct Account {
    /// The poll, for a page that renders its loading and error states.
    pub poll: Poll<User>,
    /// The account, once loaded.
    pub user: Option<Rc<User>>,
    // A poll always reads its latest state. The state at creation is stored to detect a change.
    rendered: (Option<ApiError>, bool),
}

impl Account {
    fn new(poll: Poll<User>) -> Self {
        let rendered = (poll.error().cloned(), poll.is_loading());
        Self { user: poll.data(), rendered, poll }
    }
}

impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        self.user == other.user && self.rendered == other.rendered
    }
}

/// Properties of [`Shell`].
#[derive(Properties, PartialEq)]
pub struct ShellProps {
    /// The current page.
    pub route: Route,
    /// The content of the page.
    pub children: Html,
}

/// Renders the frame around a page.
#[component]
pub fn Shell(props: &ShellProps) -> Html {
    let account = use_poll((), ttl::TRACE_DETAIL, |client, ()| client.get_account());
    let account = Account::new(account);
    let alerts = use_poll((), ttl::ALERTS, |client, ()| {
        client.list_alerts(AlertStateFilter::Open, None, limit::PAGE_ITEMS, 1)
    });
    let main = use_node_ref();
    {
        let (main, first) = (main.clone(), use_mut_ref(|| true));
        use_effect_with(props.route.clone(), move |_| {
            // Like a full page load: scroll to the top and move the focus to the content.
            if !first.replace(false) {
                intl::window().scroll_to_with_x_and_y(0.0, 0.0);
                if let Some(main) = main.cast::<HtmlElement>() {
                    // Without focus the content is still readable.
                    drop(main.focus());
                }
            }
        });
    }
    html! {
        <div class="shell">
            <a class="skip-link" href="#main">{ "Skip to content" }</a>
            <header class="sidebar">
                <RouteLink to={Route::Dashboard} class="sidebar-brand" label="Agent Observability, dashboard">{ brand() }</RouteLink>
                <nav class="nav" aria-label="Main">
                    { nav_link(&props.route, Route::Dashboard, LuLayoutDashboard, "Dashboard", Html::default()) }
                    { nav_link(&props.route, Route::Traces, LuListTree, "Traces", Html::default()) }
                    { nav_link(&props.route, Route::Sessions, LuMessagesSquare, "Sessions", Html::default()) }
                    { nav_link(&props.route, Route::Users, LuUsers, "End users", Html::default()) }
                    { nav_link(&props.route, Route::Alerts, LuBell, "Alerts", open_alerts(alerts.data().as_deref())) }
                    { nav_link(&props.route, Route::Settings, LuSettings, "Settings", Html::default()) }
                    { nav_link(&props.route, Route::Start, LuRocket, "Getting started", Html::default()) }
                </nav>
                <UserMenu user={account.user.clone()} />
            </header>
            <main id="main" class="main" tabindex="-1" ref={main}>
                <ContextProvider<Account> context={account}>{ props.children.clone() }</ContextProvider<Account>>
            </main>
        </div>
    }
}

/// Renders a link of the navigation with an optional badge.
fn nav_link(current: &Route, to: Route, icon: &'static IconData, label: &'static str, badge: Html) -> Html {
    let is_current = *current == to
        || matches!(
            (current, &to),
            (Route::Trace { .. }, Route::Traces)
                | (Route::Session { .. }, Route::Sessions)
                | (Route::User { .. }, Route::Users)
                | (Route::Alert { .. } | Route::AlertRule { .. }, Route::Alerts)
        );
    // On a phone the navigation bar has no room for this link; the account menu has it instead.
    let class = classes!("nav-link", (to == Route::Start).then_some("nav-start"));
    html! {
        <RouteLink {class} {to} current={is_current}>{ svg_icon(icon) }<span>{ label }</span>{ badge }</RouteLink>
    }
}

/// Renders the number of active alerts in the colour of the highest severity.
fn open_alerts(open: Option<&Page<Alert>>) -> Html {
    let Some(worst) = open.and_then(|page| page.items.iter().map(|alert| alert.severity).max()) else {
        return Html::default();
    };
    let total = open.map_or(0, |page| page.total);
    html! {
        <span class={classes!("nav-badge", format!("severity-{}", worst.as_str()))}>
            { if total > 99 { "99+".to_owned() } else { total.to_string() } }
            <span class="visually-hidden">{ format!(" active, highest severity: {}", worst.as_str()) }</span>
        </span>
    }
}

/// Properties of [`UserMenu`].
#[derive(Properties, PartialEq)]
struct UserMenuProps {
    user: Option<Rc<User>>,
}

#[component]
fn UserMenu(props: &UserMenuProps) -> Html {
    let auth = use_auth();
    let onclick = Callback::from(move |_: MouseEvent| auth.log_out());
    let name = props.user.as_ref().map(|user| user.full_name.clone()).unwrap_or_default();
    let workspace = props.user.as_ref().map(|user| user.workspace_name.clone()).unwrap_or_default();
    let button = html! {
        <>
            <span class="avatar" aria-hidden="true">{ initials(&name) }</span>
            <span class="user-names">
                <span class="user-name ellipsis">{ name.clone() }</span>
                <span class="user-workspace ellipsis">{ workspace.clone() }</span>
            </span>
        </>
    };
    html! {
        <Menu label={format!("Account: {name}, {workspace}")} {button}>
            <p class="menu-info">
                <span class="ellipsis">{ name }</span>
                <span class="muted ellipsis">{ props.user.as_ref().map(|user| user.email.clone()) }</span>
            </p>
            <RouteLink class="menu-item menu-start" to={Route::Start}>{ svg_icon(LuRocket) }{ "Getting started" }</RouteLink>
            <button type="button" class="menu-item" {onclick}>{ svg_icon(LuLogOut) }{ "Log out" }</button>
        </Menu>
    }
}

/// Returns the first letters of the first and the last name. CSS converts them to upper case.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    first.into_iter().chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn takes_initials_of_the_first_and_last_name() {
        assert_eq!(initials("Ada King Lovelace"), "AL");
        assert_eq!(initials("plato"), "p");
        assert_eq!(initials(""), "");
    }
}
