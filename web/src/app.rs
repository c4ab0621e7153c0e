//! The application: who is logged in, and which page the address shows.

use yew::prelude::*;
use yew_router::prelude::*;

use crate::{
    auth::{AuthProvider, Guard},
    components::shell::Shell,
    pages::{
        alerts::AlertsPage, dashboard::DashboardPage, login::LoginPage, not_found::NotFoundPage,
        register::RegisterPage, settings::SettingsPage, trace::TracePage, traces::TracesPage,
    },
    route::Route,
};

/// The root component.
#[component]
pub fn App() -> Html {
    html! {
        <BrowserRouter>
            <AuthProvider>
                <Switch<Route> render={page} />
            </AuthProvider>
        </BrowserRouter>
    }
}

fn page(route: Route) -> Html {
    let inside = match route.clone() {
        Route::Home => return html! { <Redirect<Route> to={Route::Dashboard} /> },
        Route::Login => return html! { <LoginPage /> },
        Route::Register => return html! { <RegisterPage /> },
        Route::NotFound => return html! { <NotFoundPage /> },
        Route::Dashboard => html! { <DashboardPage /> },
        Route::Traces => html! { <TracesPage /> },
        // The key makes another trace another page: nothing of the one before stays.
        Route::Trace { id } => html! { <TracePage key={id.clone()} id={id.clone()} /> },
        Route::Session { .. } | Route::User { .. } => html! { <TracesPage /> },
        Route::Alerts => html! { <AlertsPage /> },
        Route::Settings => html! { <SettingsPage /> },
    };
    html! { <Guard><Shell {route}>{ inside }</Shell></Guard> }
}
