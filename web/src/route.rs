//! The addresses of the pages.

use yew_router::Routable;

/// A page.
#[derive(Clone, Debug, PartialEq, Eq, Routable)]
pub enum Route {
    /// Sends on to the dashboard.
    #[at("/")]
    Home,
    /// Where one logs in.
    #[at("/login")]
    Login,
    /// Where one makes an account.
    #[at("/register")]
    Register,
    /// Key figures, charts, alerts and activity.
    #[at("/dashboard")]
    Dashboard,
    /// The list of runs.
    #[at("/traces")]
    Traces,
    /// One run.
    #[at("/traces/:id")]
    Trace {
        /// The trace's id, decoded.
        id: String,
    },
    /// The conversations that runs belong to.
    #[at("/sessions")]
    Sessions,
    /// One conversation.
    #[at("/sessions/:id")]
    Session {
        /// The session's id, decoded.
        id: String,
    },
    /// The people whom runs were made for.
    #[at("/users")]
    Users,
    /// One of them.
    #[at("/users/:id")]
    User {
        /// The user's id, decoded.
        id: String,
    },
    /// How to send a first trace.
    #[at("/start")]
    Start,
    /// What went out of bounds.
    #[at("/alerts")]
    Alerts,
    /// One thing that did.
    #[at("/alerts/:id")]
    Alert {
        /// The alert's id, decoded.
        id: String,
    },
    /// A rule, to be made or changed.
    #[at("/alerts/rules/:id")]
    AlertRule {
        /// The rule's id, decoded; `new` for one that is not there yet.
        id: String,
    },
    /// Account, workspace and API keys.
    #[at("/settings")]
    Settings,
    /// Any other address.
    #[not_found]
    #[at("/404")]
    NotFound,
}

/// `next` where it is a path of this application, and nothing else: an address taken from a query must not lead away.
#[must_use]
pub fn safe_next(next: &str) -> Option<&str> {
    let path = next.strip_prefix('/')?;
    let leads_away = path.starts_with(['/', '\\']) || next.chars().any(char::is_control);
    let route = Route::recognize(next.split(['?', '#']).next().unwrap_or(next));
    (!leads_away && !matches!(route, Some(Route::Login | Route::Register))).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_stays_within_the_application() {
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
    fn every_page_has_its_address() {
        for path in
            ["/", "/login", "/register", "/dashboard", "/traces", "/sessions", "/users", "/start", "/alerts"]
        {
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
