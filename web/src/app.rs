//! The application: who is logged in, and which page the address shows.

use yew::prelude::*;
use yew_router::Routable;

use crate::{
    api::ThreadKind,
    auth::{AuthProvider, Guard},
    components::shell::Shell,
    pages::{
        alerts::{AlertPage, AlertsPage, RulePage},
        dashboard::DashboardPage,
        login::LoginPage,
        not_found::NotFoundPage,
        register::RegisterPage,
        session::{SessionListPage, SessionPage},
        settings::SettingsPage,
        start::Start,
        trace::TracePage,
        traces::TracesPage,
    },
    route::Route,
    router::{self, Router, use_location},
};

/// The root component.
#[component]
pub fn App() -> Html {
    html! {
        <Router>
            <AuthProvider>
                <Page />
            </AuthProvider>
        </Router>
    }
}

#[component]
fn Page() -> Html {
    let route = use_location().route.clone();
    let is_home = route == Route::Home;
    use_effect_with(is_home, |&is_home| {
        if is_home {
            router::replace(&Route::Dashboard.to_path());
        }
    });
    let inside = match route.clone() {
        Route::Home => return Html::default(),
        Route::Login => return html! { <LoginPage /> },
        Route::Register => return html! { <RegisterPage /> },
        Route::NotFound => return html! { <NotFoundPage /> },
        Route::Dashboard => html! { <DashboardPage /> },
        Route::Traces => html! { <TracesPage /> },
        // The key makes another trace another page: nothing of the one before stays.
        Route::Trace { id } => html! { <TracePage key={id.clone()} id={id.clone()} /> },
        Route::Sessions => html! { <SessionListPage key="sessions" kind={ThreadKind::Session} /> },
        Route::Session { id } => thread(ThreadKind::Session, id),
        Route::Users => html! { <SessionListPage key="users" kind={ThreadKind::User} /> },
        Route::User { id } => thread(ThreadKind::User, id),
        Route::Start => html! { <Start /> },
        Route::Alerts => html! { <AlertsPage /> },
        Route::Alert { id } => html! { <AlertPage key={id.clone()} id={id.clone()} /> },
        Route::AlertRule { id } => html! { <RulePage key={id.clone()} id={id.clone()} /> },
        Route::Settings => html! { <SettingsPage /> },
    };
    html! { <Guard><Shell {route}>{ inside }</Shell></Guard> }
}

fn thread(kind: ThreadKind, id: String) -> Html {
    let key = format!("{kind:?}/{id}");
    html! { <SessionPage {key} {kind} {id} /> }
}
