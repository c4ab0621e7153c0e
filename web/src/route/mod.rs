//! The routes of the pages.

mod section;

use std::borrow::Cow;

use serde::Serialize;
use yew_router::{Routable, query::ToQuery};

pub use section::Section;

/// A page.
#[derive(Clone, Debug, PartialEq, Eq, Routable)]
pub enum Route {
    /// Redirects to the dashboard.
    #[at("/")]
    Home,
    /// The login.
    #[at("/login")]
    Login,
    /// The registration.
    #[at("/register")]
    Register,
    /// The confirmation of a recipient of e-mails.
    #[at("/confirm-recipient")]
    ConfirmRecipient,
    /// The request for a link that resets a password.
    #[at("/forgot")]
    Forgot,
    /// The target of that link.
    #[at("/reset")]
    Reset,
    /// The target of the link of an invitation.
    #[at("/invitation")]
    Invitation,
    /// KPIs, charts, alerts and activity.
    #[at("/dashboard")]
    Dashboard,
    /// The list of traces.
    #[at("/traces")]
    Traces,
    /// A trace.
    #[at("/traces/:id")]
    Trace {
        /// The decoded id of the trace.
        id: String,
    },
    /// The list of sessions.
    #[at("/sessions")]
    Sessions,
    /// A session.
    #[at("/sessions/:id")]
    Session {
        /// The decoded id of the session.
        id: String,
    },
    /// The list of end users.
    #[at("/users")]
    Users,
    /// An end user.
    #[at("/users/:id")]
    User {
        /// The decoded id of the end user.
        id: String,
    },
    /// Instructions to send the first trace.
    #[at("/start")]
    Start,
    /// Alerts and alert rules.
    #[at("/alerts")]
    Alerts,
    /// An alert.
    #[at("/alerts/:id")]
    Alert {
        /// The decoded id of the alert.
        id: String,
    },
    /// The form of a new or existing rule.
    #[at("/alerts/rules/:id")]
    AlertRule {
        /// The decoded id of the rule; `new` for a new rule.
        id: String,
    },
    /// Redirects to the first section of the settings.
    #[at("/settings")]
    Settings,
    /// A section of the settings.
    #[at("/settings/:section")]
    SettingsSection {
        /// The section.
        section: Section,
    },
    /// Any other address.
    #[not_found]
    #[at("/404")]
    NotFound,
}

/// Returns a flat struct as the query of a URL, without `?`.
pub fn query_text(query: &impl Serialize) -> String {
    query.to_query().map(Cow::into_owned).unwrap_or_default()
}

/// Returns `next` if it is a path of this application. A query must not redirect to another site.
#[must_use]
pub fn safe_next(next: &str) -> Option<&str> {
    let path = next.strip_prefix('/')?;
    let is_external = path.starts_with(['/', '\\']) || next.chars().any(char::is_control);
    let route = Route::recognize(next.split(['?', '#']).next().unwrap_or(next));
    (!is_external && !matches!(route, Some(Route::Login | Route::Register))).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_must_be_a_path_of_the_application() {
        for good in ["/dashboard", "/traces?status=error&page=2", "/traces/a%2Fb"] {
            assert_eq!(safe_next(good), Some(good));
        }
        for bad in [
            "",
            "dashboard",
            "https://example.com",
            "//example.com",
            "/\\example.com",
            "/a\nb",
            "/login?next=/x",
            "/register",
        ] {
            assert_eq!(safe_next(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn every_path_has_its_route() {
        for path in [
            "/",
            "/login",
            "/register",
            "/confirm-recipient",
            "/dashboard",
            "/traces",
            "/sessions",
            "/users",
            "/start",
            "/alerts",
            "/forgot",
            "/reset",
            "/invitation",
            "/settings",
            "/settings/profile",
            "/settings/audit",
        ] {
            let route = Route::recognize(path).filter(|route| *route != Route::NotFound);
            assert_eq!(route.map(|route| route.to_path()).as_deref(), Some(path));
        }
        for path in ["/nowhere", "/traces/a/b", "/settings/a", "/alerts/rules/a/b", "/rules/a", "/404"] {
            assert_eq!(Route::recognize(path), Some(Route::NotFound), "{path}");
        }
    }

    #[test]
    fn an_id_survives_the_address() {
        for id in ["run-0001", "a/b?c=d#e", "ünï cödé", "100%", "+1 555", "a\\b;c&d"] {
            let id = id.to_owned();
            let routes = [
                Route::Trace { id: id.clone() },
                Route::Session { id: id.clone() },
                Route::User { id: id.clone() },
                Route::Alert { id: id.clone() },
                Route::AlertRule { id },
            ];
            for route in routes {
                assert_eq!(Route::recognize(&route.to_path()), Some(route.clone()), "{route:?}");
            }
        }
    }
}
