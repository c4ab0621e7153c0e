//! The application: the router, the session, and the page of each route.

use yew::prelude::*;
use yew_router::{BrowserRouter, Switch, hooks::use_navigator};

use crate::{
    api::SessionKind,
    auth::{AuthProvider, Guard},
    components::shell::Shell,
    pages::{
        alerts::{AlertPage, AlertsPage, RulePage},
        confirm_recipient::ConfirmRecipientPage,
        dashboard::DashboardPage,
        forgot::ForgotPage,
        invitation::InvitationPage,
        login::LoginPage,
        not_found::NotFoundPage,
        register::RegisterPage,
        reset::ResetPage,
        session::{SessionListPage, SessionPage},
        settings::SettingsPage,
        start::Start,
        trace::TracePage,
        traces::TracesPage,
    },
    route::{Route, Section},
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
    let content = match route.clone() {
        Route::Home => return redirect(Route::Dashboard),
        Route::Settings => return redirect(Route::SettingsSection { section: Section::Profile }),
        Route::Login => return html! { <LoginPage /> },
        Route::Register => return html! { <RegisterPage /> },
        Route::ConfirmRecipient => return html! { <ConfirmRecipientPage /> },
        Route::Forgot => return html! { <ForgotPage /> },
        Route::Reset => return html! { <ResetPage /> },
        Route::Invitation => return html! { <InvitationPage /> },
        Route::NotFound => return html! { <NotFoundPage /> },
        Route::Dashboard => html! { <DashboardPage /> },
        Route::Traces => html! { <TracesPage /> },
        // The key gives every trace a page of its own: no state of the previous trace remains.
        Route::Trace { id } => html! { <TracePage key={id.clone()} id={id.clone()} /> },
        Route::Sessions => html! { <SessionListPage key="sessions" kind={SessionKind::Session} /> },
        Route::Session { id } => session(SessionKind::Session, id),
        Route::Users => html! { <SessionListPage key="users" kind={SessionKind::EndUser} /> },
        Route::User { id } => session(SessionKind::EndUser, id),
        Route::Start => html! { <Start /> },
        Route::Alerts => html! { <AlertsPage /> },
        Route::Alert { id } => html! { <AlertPage key={id.clone()} id={id.clone()} /> },
        Route::AlertRule { id } => html! { <RulePage key={id.clone()} id={id.clone()} /> },
        Route::SettingsSection { section } => html! { <SettingsPage {section} /> },
    };
    html! { <Guard><Shell {route}>{ content }</Shell></Guard> }
}

fn session(kind: SessionKind, id: String) -> Html {
    let key = format!("{kind:?}/{id}");
    html! { <SessionPage {key} {kind} {id} /> }
}

fn redirect(to: Route) -> Html {
    html! { <Redirect {to} /> }
}

/// Properties of [`Redirect`].
#[derive(Properties, PartialEq)]
struct RedirectProps {
    to: Route,
}

/// Replaces the address.
#[component]
fn Redirect(props: &RedirectProps) -> Html {
    let navigator = use_navigator();
    use_effect_with(props.to.clone(), move |to| {
        if let Some(navigator) = navigator {
            navigator.replace(to);
        }
    });
    Html::default()
}
