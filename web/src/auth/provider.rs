//! Stores the session in localStorage, renews its token, and provides both as a context.

use std::{rc::Rc, time::Duration};

use gloo_events::EventListener;
use gloo_storage::{LocalStorage, Storage};
use gloo_timers::callback::Timeout;
use serde::Deserialize;
use shared::auth::TokenResponse;
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::{html::ChildrenProps, prelude::*};

use super::session::{Session, SessionAction, SessionEnd, Token};
use crate::{
    api::{ApiError, Client},
    intl,
};

const KEY: &str = "agent-obs.token";
/// The delay after a renewal that failed for another reason than the token.
const RETRY_DELAY: Duration = Duration::from_secs(30);

/// The account and the workspace of a token.
#[derive(Deserialize)]
struct Subject {
    user_id: Uuid,
    workspace_id: Uuid,
}

/// The session, as the rest of the application sees it.
#[derive(Clone, PartialEq)]
pub struct Auth {
    session: UseReducerHandle<Session>,
}

impl Auth {
    /// Returns whether the session has a token.
    pub fn is_logged_in(&self) -> bool {
        self.session.token.is_some()
    }

    /// Returns how the last session ended.
    pub fn last_end(&self) -> SessionEnd {
        self.session.end
    }

    /// Returns a text that identifies the account and the workspace of the token; empty when logged out.
    pub fn subject(&self) -> String {
        let subject = self.session.token.as_ref().and_then(subject);
        subject
            .map(|Subject { user_id, workspace_id }| format!("{user_id}/{workspace_id}"))
            .unwrap_or_default()
    }

    /// Starts a session, or continues it with a new token.
    pub fn log_in(&self, response: TokenResponse) {
        self.session.dispatch(SessionAction::Obtained(Token::new(response, intl::now())));
    }

    /// Ends the session here and on the server. Here, it ends even if the server is unreachable.
    pub fn log_out(&self) {
        self.client().log_out().then(Callback::noop());
        self.end_session();
    }

    /// Ends the session here, after it has ended on the server.
    pub fn end_session(&self) {
        self.session.dispatch(SessionAction::LogOut);
    }

    /// Creates a client with the token of the session.
    pub fn client(&self) -> Client {
        let token = self.session.token.as_ref().map(|token| Rc::from(&*token.access_token));
        Client::new(token, self.session.dispatcher().to_callback().reform(SessionAction::Rejected))
    }
}

/// Provides the session to [`use_auth`] and [`use_client`] in its children.
#[component]
pub fn AuthProvider(props: &ChildrenProps) -> Html {
    let session = use_reducer(|| Session { token: load(), end: SessionEnd::None });
    let auth = Auth { session: session.clone() };

    use_effect_with(session.token.clone(), |token| store(token.as_ref()));
    {
        let dispatcher = session.dispatcher();
        use_effect_with((), move |()| {
            let listener = EventListener::new(&intl::window(), "storage", move |_| {
                dispatcher.dispatch(SessionAction::ChangedInOtherTab(load()));
            });
            move || drop(listener)
        });
    }
    use_renewal(&auth);

    html! { <ContextProvider<Auth> context={auth}>{ props.children.clone() }</ContextProvider<Auth>> }
}

/// Renews the token after half of its lifetime.
#[hook]
fn use_renewal(auth: &Auth) {
    let attempt = use_state(|| 0_u32);
    let auth = auth.clone();
    use_effect_with((auth.session.token.clone(), *attempt), move |(token, failures)| {
        let failures = *failures;
        let timer = token.as_ref().map(|token| {
            let delay =
                token.renew_in(intl::now()).max(if failures > 0 { RETRY_DELAY } else { Duration::ZERO });
            // Browsers treat a longer delay as zero.
            let delay = u32::try_from(delay.as_millis()).unwrap_or(u32::MAX).min(i32::MAX as u32);
            Timeout::new(delay, move || {
                spawn_local(async move {
                    match auth.client().refresh().await {
                        Ok(response) => auth.log_in(response),
                        Err(ApiError::Rejected(_)) if !auth.is_logged_in() => {}
                        Err(_) => attempt.set(failures + 1),
                    }
                });
            })
        });
        move || drop(timer)
    });
}

/// Returns the session. Outside of an [`AuthProvider`], it never has a token.
#[hook]
pub fn use_auth() -> Auth {
    let session = use_reducer(Session::default);
    use_context::<Auth>().unwrap_or(Auth { session })
}

/// Returns a client with the token of the session.
#[hook]
pub fn use_client() -> Client {
    use_auth().client()
}

/// Reads the claims of a token. Only the server verifies its signature.
fn subject(token: &Token) -> Option<Subject> {
    let claims = token.access_token.split('.').nth(1)?;
    let claims = intl::window().atob(&claims.replace('-', "+").replace('_', "/")).ok()?;
    serde_json::from_str(&claims).ok()
}

fn load() -> Option<Token> {
    let token: Token = has_storage().then(|| LocalStorage::get(KEY).ok())??;
    token.is_valid(intl::now()).then_some(token)
}

fn store(token: Option<&Token>) {
    if has_storage() {
        match token {
            // If the storage is full, the session ends with the page.
            Some(token) => drop(LocalStorage::set(KEY, token)),
            None => LocalStorage::delete(KEY),
        }
    }
}

/// Returns whether the browser allows local storage. If it does not, the session ends with the page.
fn has_storage() -> bool {
    matches!(intl::window().local_storage(), Ok(Some(_)))
}
