//! The guard of the pages that need a login, and the redirect after a login.

use serde::{Deserialize, Serialize};
use shared::auth::TokenResponse;
use yew::{html::ChildrenProps, prelude::*};
use yew_router::{
    AnyRoute,
    hooks::{use_location, use_navigator},
};

use super::{SessionEnd, use_auth};
use crate::route::{Route, safe_next};

/// The query of the login page.
#[derive(Serialize, Deserialize)]
struct LoginQuery {
    /// The address to open after the login.
    next: Option<String>,
}

/// Renders its children.
#[component]
fn Workspace(props: &ChildrenProps) -> Html {
    props.children.clone()
}

/// Shows its children to a logged-in account. Otherwise redirects to the login page, with the current address as `next`.
/// After a switch of the workspace, the children are created again, since their data belongs to the previous one.
#[component]
pub fn Guard(props: &ChildrenProps) -> Html {
    let auth = use_auth();
    let (navigator, location) = (use_navigator(), use_location());
    let (logged_in, last_end) = (auth.is_logged_in(), auth.last_end());
    use_effect_with(logged_in, move |&logged_in| {
        if let (false, Some(navigator), Some(location)) = (logged_in, navigator, location) {
            let current = format!("{}{}", location.path(), location.query_str());
            // After a logout, the next login opens the dashboard.
            let next = Some(current).filter(|next| last_end != SessionEnd::LoggedOut && next != "/dashboard");
            // A flat struct always serializes.
            drop(navigator.replace_with_query(&Route::Login, LoginQuery { next }));
        }
    });
    html! {
        if logged_in {
            <Workspace key={auth.subject()}>{ props.children.clone() }</Workspace>
        }
    }
}

/// Returns the address to open after the login, if the query has one.
#[hook]
pub fn use_next() -> Option<String> {
    use_location().and_then(|location| location.query::<LoginQuery>().ok()?.next)
}

/// Redirects a logged-in account to the `next` of the query, or to the dashboard.
#[hook]
pub fn use_redirect_when_logged_in() {
    let logged_in = use_auth().is_logged_in();
    let navigator = use_navigator();
    let next = use_next();
    use_effect_with(logged_in, move |&logged_in| {
        if let (true, Some(navigator)) = (logged_in, navigator) {
            navigator.replace(&AnyRoute::new(next.as_deref().and_then(safe_next).unwrap_or("/dashboard")));
        }
    });
}

/// Returns a callback that continues with the token of another workspace, on its dashboard.
#[hook]
pub fn use_enter_workspace() -> Callback<TokenResponse> {
    let (auth, navigator) = (use_auth(), use_navigator());
    Callback::from(move |token| {
        if let Some(navigator) = &navigator {
            navigator.push(&Route::Dashboard);
        }
        auth.log_in(token);
    })
}

#[cfg(test)]
mod tests {
    use yew_router::query::FromQuery;

    use super::*;

    #[test]
    fn next_is_read_from_the_query() {
        let next = |query: &str| LoginQuery::from_query(query).ok().and_then(|query| query.next);
        assert_eq!(next("a=1&next=%2Ftraces%3Fa%3Db&c=").as_deref(), Some("/traces?a=b"));
        assert_eq!(next("next=1+2").as_deref(), Some("1 2"));
        assert_eq!(next("a=1"), None);
    }
}
