//! The frame of every page behind the login: navigation, account menu, content.

use std::rc::Rc;

use icondata_core::IconData;
use icondata_lu::{
    LuBell, LuCheck, LuLayoutDashboard, LuListTree, LuLogOut, LuMessagesSquare, LuRocket, LuSettings, LuUser,
    LuUsers,
};
use shared::{
    access::Permission,
    alert::{Alert, AlertStateFilter},
    auth::User,
    limit,
    page::Page,
    ttl,
    workspace::Workspace,
};
use uuid::Uuid;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::{brand::brand, form_error::form_error, icon::svg_icon, link::RouteLink, menu::Menu};
use crate::{
    auth::{use_auth, use_enter_workspace},
    hooks::{Account, use_poll, use_submission},
    intl,
    route::{Route, Section},
};

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
    let poll = use_poll((), ttl::ALERTS, |client, ()| client.get_account());
    let on_refresh = use_callback((), {
        let on_refresh = poll.on_refresh();
        move |(), ()| on_refresh.emit(())
    });
    let account = Account { user: poll.data(), error: poll.error().cloned(), on_refresh };
    let can_send = account.user.as_ref().is_some_and(|user| user.role.permits(Permission::Keys));
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
                    if can_send {
                        { nav_link(&props.route, Route::Start, LuRocket, "Getting started", Html::default()) }
                    }
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
                | (Route::SettingsSection { .. }, Route::Settings)
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

/// Renders the account, its workspaces, and the logout.
#[component]
fn UserMenu(props: &UserMenuProps) -> Html {
    let auth = use_auth();
    let submission = use_submission(|error| Some(error.message()));
    let user = props.user.as_deref();
    let on_enter = use_enter_workspace();
    let on_switch = {
        let (client, submission) = (auth.client(), submission.clone());
        Callback::from(move |id: Uuid| {
            let on_enter = on_enter.clone();
            submission.send(client.switch_workspace(id), move |token| on_enter.emit(token));
        })
    };
    let workspace = |workspace: &Workspace| {
        let (id, is_current) = (workspace.id, user.is_some_and(|user| user.workspace_id == workspace.id));
        html! {
            <button key={id.to_string()} type="button" class="menu-item" onclick={on_switch.reform(move |_: MouseEvent| id)}
                disabled={is_current || *submission.busy} aria-current={is_current.then_some("true")}>
                <span class="ellipsis">{ workspace.name.clone() }</span>
                if is_current { { svg_icon(LuCheck) } }
            </button>
        }
    };
    let onclick = Callback::from(move |_: MouseEvent| auth.log_out());
    let name = user.map(|user| user.full_name.clone()).unwrap_or_default();
    let workspace_name = user.map(|user| user.workspace_name.clone()).unwrap_or_default();
    let label = format!("Account: {name}, {workspace_name}");
    let button = html! {
        <>
            <span class="avatar" aria-hidden="true">{ initials(&name) }</span>
            <span class="user-names">
                <span class="user-name ellipsis">{ name.clone() }</span>
                <span class="user-workspace ellipsis">{ workspace_name }</span>
            </span>
        </>
    };
    let profile = Route::SettingsSection { section: Section::Profile };
    html! {
        <Menu {label} {button}>
            <p class="menu-info">
                <span class="ellipsis">{ name }</span>
                <span class="muted ellipsis">{ user.map(|user| user.email.clone()) }</span>
            </p>
            <div class="menu-group" role="group" aria-labelledby="workspaces">
                <p id="workspaces" class="menu-title">{ "Workspaces" }</p>
                { for user.iter().flat_map(|user| &user.workspaces).map(workspace) }
                { form_error(submission.error.as_deref()) }
            </div>
            <RouteLink class="menu-item" to={profile}>{ svg_icon(LuUser) }{ "Profile" }</RouteLink>
            if user.is_some_and(|user| user.role.permits(Permission::Keys)) {
                <RouteLink class="menu-item menu-start" to={Route::Start}>{ svg_icon(LuRocket) }{ "Getting started" }</RouteLink>
            }
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
