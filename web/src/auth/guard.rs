//! The guard before the pages that need a login, and the way back afterwards.

use serde::{Deserialize, Serialize};
use yew::prelude::*;
use yew_router::{AnyRoute, prelude::*};

use super::{End, use_auth};
use crate::route::{Route, safe_next};

/// The query of the login page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct NextQuery {
    /// Where one wanted to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Properties of [`Guard`].
#[derive(Properties, PartialEq)]
pub struct GuardProps {
    /// What only somebody who is logged in sees.
    pub children: Html,
}

/// Shows its children to somebody who is logged in, and the login page to others, remembering where they wanted to go.
#[component]
pub fn Guard(props: &GuardProps) -> Html {
    let auth = use_auth();
    let navigator = use_navigator();
    let location = use_location();
    let logged_in = auth.is_logged_in();
    use_effect_with(logged_in, move |&logged_in| {
        if let (false, Some(navigator)) = (logged_in, navigator) {
            let wanted = location.map(|location| format!("{}{}", location.path(), location.query_str()));
            // Somebody who logged out does not want to come back to where that was.
            let next = wanted.filter(|wanted| auth.end() != End::LoggedOut && wanted != "/dashboard");
            // The query is one optional text: there is nothing in it that cannot be written.
            drop(navigator.replace_with_query(&Route::Login, NextQuery { next }));
        }
    });
    if logged_in { props.children.clone() } else { Html::default() }
}

/// On a page for people who are not logged in: goes on to where one wanted to go once one is.
#[hook]
pub fn use_leave_when_logged_in() {
    let logged_in = use_auth().is_logged_in();
    let navigator = use_navigator();
    let next =
        use_location().and_then(|location| location.query::<NextQuery>().ok()).and_then(|query| query.next);
    use_effect_with(logged_in, move |&logged_in| {
        if let (true, Some(navigator)) = (logged_in, navigator) {
            match next.as_deref().and_then(safe_next) {
                Some(next) => navigator.replace(&AnyRoute::new(next)),
                None => navigator.replace(&Route::Dashboard),
            }
        }
    });
}
