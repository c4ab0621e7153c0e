//! The addresses of the pages.

use urlencoding::{decode, encode};

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Sends on to the dashboard.
    Home,
    /// Where one logs in.
    Login,
    /// Where one makes an account.
    Register,
    /// Key figures, charts, alerts and activity.
    Dashboard,
    /// The list of runs.
    Traces,
    /// One run.
    Trace {
        /// The trace's id, decoded.
        id: String,
    },
    /// The conversations that runs belong to.
    Sessions,
    /// One conversation.
    Session {
        /// The session's id, decoded.
        id: String,
    },
    /// The people whom runs were made for.
    Users,
    /// One of them.
    User {
        /// The user's id, decoded.
        id: String,
    },
    /// How to send a first trace.
    Start,
    /// What went out of bounds.
    Alerts,
    /// One thing that did.
    Alert {
        /// The alert's id, decoded.
        id: String,
    },
    /// A rule, to be made or changed.
    AlertRule {
        /// The rule's id, decoded; `new` for one that is not there yet.
        id: String,
    },
    /// Account, workspace and API keys.
    Settings,
    /// Any other address.
    NotFound,
}

impl Route {
    /// The page that `path` shows.
    #[must_use]
    pub fn recognize(path: &str) -> Self {
        let inside = path.strip_prefix('/').unwrap_or(path);
        let below_rules = inside.strip_prefix("alerts/rules/").map(|rest| ("alerts/rules", rest));
        let Some((list, rest)) = below_rules.or_else(|| inside.split_once('/')) else {
            return match inside {
                "" => Self::Home,
                "login" => Self::Login,
                "register" => Self::Register,
                "dashboard" => Self::Dashboard,
                "traces" => Self::Traces,
                "sessions" => Self::Sessions,
                "users" => Self::Users,
                "start" => Self::Start,
                "alerts" => Self::Alerts,
                "settings" => Self::Settings,
                _ => Self::NotFound,
            };
        };
        let Ok(id) = decode(rest).map(String::from) else { return Self::NotFound };
        match list {
            _ if rest.is_empty() || rest.contains('/') => Self::NotFound,
            "traces" => Self::Trace { id },
            "sessions" => Self::Session { id },
            "users" => Self::User { id },
            "alerts" => Self::Alert { id },
            "alerts/rules" => Self::AlertRule { id },
            _ => Self::NotFound,
        }
    }

    /// The path that shows this page.
    #[must_use]
    pub fn to_path(&self) -> String {
        let (list, id) = match self {
            Self::Home => ("/", None),
            Self::Login => ("/login", None),
            Self::Register => ("/register", None),
            Self::Dashboard => ("/dashboard", None),
            Self::Traces => ("/traces", None),
            Self::Trace { id } => ("/traces/", Some(id)),
            Self::Sessions => ("/sessions", None),
            Self::Session { id } => ("/sessions/", Some(id)),
            Self::Users => ("/users", None),
            Self::User { id } => ("/users/", Some(id)),
            Self::Start => ("/start", None),
            Self::Alerts => ("/alerts", None),
            Self::Alert { id } => ("/alerts/", Some(id)),
            Self::AlertRule { id } => ("/alerts/rules/", Some(id)),
            Self::Settings => ("/settings", None),
            Self::NotFound => ("/404", None),
        };
        id.map_or_else(|| list.to_owned(), |id| list.to_owned() + &encode(id))
    }
}

/// `next` where it is a path of this application, and nothing else: an address taken from a query must not lead away.
#[must_use]
pub fn safe_next(next: &str) -> Option<&str> {
    let path = next.strip_prefix('/')?;
    let leads_away = path.starts_with(['/', '\\']) || next.chars().any(char::is_control);
    let route = Route::recognize(next.split(['?', '#']).next().unwrap_or(next));
    (!leads_away && !matches!(route, Route::Login | Route::Register)).then_some(next)
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
            assert_ne!(Route::recognize(path), Route::NotFound, "{path}");
            assert_eq!(Route::recognize(path).to_path(), path);
        }
        for path in [
            "/nowhere",
            "/traces/",
            "/traces/a/b",
            "/settings/a",
            "/alerts/rules/",
            "/rules/a",
            "/dashboard/",
            "/404",
        ] {
            assert_eq!(Route::recognize(path), Route::NotFound, "{path}");
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
                assert_eq!(Route::recognize(&route.to_path()), route);
            }
        }
    }
}
