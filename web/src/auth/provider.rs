//! Keeps the session in localStorage, renews its token, and hands both out as a context.

use std::{rc::Rc, time::Duration};

use gloo_events::EventListener;
use gloo_storage::{LocalStorage, Storage};
use gloo_timers::callback::Timeout;
use serde_json::Value;
use shared::{answer, auth::TokenResponse};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::session::{End, Session, SessionAction, Token};
use crate::{
    api::{ApiError, Client},
    intl,
};

const KEY: &str = "agent-obs.token";
/// How long to wait after a renewal that failed for another reason than the token.
const RETRY: Duration = Duration::from_secs(30);

/// The session, as the rest of the application sees it.
#[derive(Clone, PartialEq)]
pub struct Auth {
    session: UseReducerHandle<Session>,
}

impl Auth {
    /// Whether somebody is logged in.
    pub fn is_logged_in(&self) -> bool {
        self.session.token.is_some()
    }

    /// How the last session ended.
    pub fn end(&self) -> End {
        self.session.end
    }

    /// Begins a session.
    pub fn begin(&self, response: TokenResponse) {
        self.session.dispatch(SessionAction::Obtained(Token::new(response, intl::now())));
    }

    /// Ends it, as the person asked.
    pub fn log_out(&self) {
        self.session.dispatch(SessionAction::LogOut);
    }

    /// A client that asks in the session's name.
    pub fn client(&self) -> Client {
        let dispatcher = self.session.dispatcher();
        let token = self.session.token.as_ref().map(|token| Rc::from(&*token.access_token));
        Client::new(token, Callback::from(move |token| dispatcher.dispatch(SessionAction::Refused(token))))
    }
}

/// Properties of [`AuthProvider`].
#[derive(Properties, PartialEq)]
pub struct AuthProviderProps {
    /// What may use the session.
    pub children: Html,
}

/// Makes [`use_auth`] and [`use_client`] work below it.
#[component]
pub fn AuthProvider(props: &AuthProviderProps) -> Html {
    let session = use_reducer(|| Session { token: stored(), end: End::None });
    let auth = Auth { session: session.clone() };

    use_effect_with(session.token.clone(), |token| keep(token.as_ref()));
    {
        let dispatcher = session.dispatcher();
        use_effect_with((), move |()| {
            let listener = EventListener::new(&intl::window(), "storage", move |_| {
                dispatcher.dispatch(SessionAction::Adopted(stored()));
            });
            move || drop(listener)
        });
    }
    use_renewal(&auth);

    html! { <ContextProvider<Auth> context={auth}>{ props.children.clone() }</ContextProvider<Auth>> }
}

/// Asks for a new token when more than half of this one's life is over.
#[hook]
fn use_renewal(auth: &Auth) {
    let attempt = use_state(|| 0_u32);
    let auth = auth.clone();
    use_effect_with((auth.session.token.clone(), *attempt), move |(token, tried)| {
        let tried = *tried;
        let timer = token.as_ref().map(|token| {
            let wait = token.renew_in(intl::now()).max(if tried > 0 { RETRY } else { Duration::ZERO });
            // Browsers take a longer wait than this for none at all.
            let wait = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).min(i32::MAX as u32);
            Timeout::new(wait, move || {
                spawn_local(async move {
                    match auth.client().refresh().await {
                        Ok(response) => auth.begin(response),
                        Err(ApiError::Refused(_)) if !auth.is_logged_in() => {}
                        Err(_) => attempt.set(tried + 1),
                    }
                });
            })
        });
        move || drop(timer)
    });
}

/// The session. Outside of an [`AuthProvider`] nobody is logged in, for ever.
#[hook]
pub fn use_auth() -> Auth {
    let nobody = use_reducer(Session::default);
    use_context::<Auth>().unwrap_or(Auth { session: nobody })
}

/// A client that asks in the session's name.
#[hook]
pub fn use_client() -> Client {
    use_auth().client()
}

fn stored() -> Option<Token> {
    let kept: Value = has_storage().then(|| LocalStorage::get(KEY).ok())??;
    answer::read(&kept).filter(|token: &Token| token.holds(intl::now()))
}

fn keep(token: Option<&Token>) {
    if has_storage() {
        match token {
            // Where it is full, the session lasts as long as the page.
            Some(token) => drop(LocalStorage::set(KEY, token)),
            None => LocalStorage::delete(KEY),
        }
    }
}

/// Whether the browser keeps anything, which people may forbid: the session lasts as long as the page, then.
fn has_storage() -> bool {
    matches!(intl::window().local_storage(), Ok(Some(_)))
}
