//! The guard before the pages that need a login, and the way back afterwards.

use yew::prelude::*;
use yew_router::Routable;

use super::{End, use_auth};
use crate::{
    query,
    route::{Route, safe_next},
    router::{self, use_location},
};

/// What the query of the login page calls the place where one wanted to go.
const NEXT: &str = "next";

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
    let location = use_location();
    let logged_in = auth.is_logged_in();
    use_effect_with(logged_in, move |&logged_in| {
        if !logged_in {
            let wanted = location.path.clone() + &location.query;
            // Somebody who logged out does not want to come back to where that was.
            let next = Some(wanted).filter(|wanted| auth.end() != End::LoggedOut && wanted != "/dashboard");
            let query = next.map(|next| format!("?{NEXT}={}", urlencoding::encode(&next)));
            router::replace(&(Route::Login.to_path() + &query.unwrap_or_default()));
        }
    });
    if logged_in { props.children.clone() } else { Html::default() }
}

/// On a page for people who are not logged in: goes on to where one wanted to go once one is.
#[hook]
pub fn use_leave_when_logged_in() {
    let logged_in = use_auth().is_logged_in();
    let next = query::value(&use_location().query, NEXT);
    use_effect_with(logged_in, move |&logged_in| {
        if logged_in {
            router::replace(next.as_deref().and_then(safe_next).unwrap_or("/dashboard"));
        }
    });
}
