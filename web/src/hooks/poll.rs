//! The one polling hook: fetches at once, then on the interval; rests while the tab is hidden.
//!
//! What is polled is of any type, and the machinery below the two typed functions of none: it is in the binary once.

use std::{any::Any, future::Future, marker::PhantomData, pin::Pin, rc::Rc, time::Duration};

use gloo_events::EventListener;
use gloo_timers::callback::Interval;
use shared::Timestamp;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::poll_state::{PollAction, PollState};
use crate::{
    api::{ApiError, Client},
    auth::use_client,
    intl,
};

type State = UseReducerHandle<PollState<dyn Any>>;
type Answer = Pin<Box<dyn Future<Output = Result<Rc<dyn Any>, ApiError>>>>;

/// What a view gets from [`use_poll`].
#[derive(Debug)]
pub struct Poll<T> {
    state: State,
    data: PhantomData<T>,
}

impl<T> Clone for Poll<T> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), data: PhantomData }
    }
}

impl<T> Poll<T> {
    /// When the last good answer came.
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.state.updated_at
    }

    /// Why the last request failed, if it did.
    pub fn error(&self) -> Option<&ApiError> {
        self.state.error.as_ref()
    }

    /// Whether a request is on its way.
    pub fn is_loading(&self) -> bool {
        self.state.loading
    }

    /// Whether the data answers an older question.
    pub fn is_outdated(&self) -> bool {
        self.state.outdated
    }

    /// The same, for what asks about everything but the data.
    pub fn untyped(&self) -> Poll<()> {
        Poll { state: self.state.clone(), data: PhantomData }
    }

    /// Asks now, past the API's cache.
    pub fn refresh(&self) {
        self.state.dispatch(PollAction::Refresh);
    }

    /// [`Poll::refresh`], for a button.
    pub fn on_refresh(&self) -> Callback<()> {
        let dispatcher = self.state.dispatcher();
        Callback::from(move |()| dispatcher.dispatch(PollAction::Refresh))
    }
}

impl<T: 'static> Poll<T> {
    /// The last good answer.
    pub fn data(&self) -> Option<Rc<T>> {
        // It is always a T: nothing else is ever put in.
        self.state.data.clone().and_then(|data| data.downcast().ok())
    }
}

/// Asks `fetch` for `key`: at once, every `interval`, and when `key` changes.
#[hook]
pub fn use_poll<K, T, F, A>(key: K, interval: Duration, fetch: F) -> Poll<T>
where
    K: Clone + PartialEq + 'static,
    T: 'static,
    F: FnOnce(Client, K) -> A + 'static,
    A: Future<Output = Result<T, ApiError>> + 'static,
{
    let asked = use_mut_ref(|| (key.clone(), 0_u32));
    let question = {
        let mut asked = asked.borrow_mut();
        if asked.0 != key {
            *asked = (key.clone(), asked.1 + 1);
        }
        asked.1
    };
    let fetch = move |client| -> Answer {
        let asked = fetch(client, key);
        Box::pin(async move { asked.await.map(|data| Rc::new(data) as Rc<dyn Any>) })
    };
    Poll { state: use_polling(question, interval, Box::new(fetch)), data: PhantomData }
}

/// [`use_poll`] without types; `question` counts the changes of the key.
#[hook]
fn use_polling(question: u32, interval: Duration, fetch: Box<dyn FnOnce(Client) -> Answer>) -> State {
    let state = use_reducer(PollState::<dyn Any>::default);
    let client = use_client().bypassing_cache(state.bypass_cache);
    {
        let dispatcher = state.dispatcher();
        use_effect_with(state.request, move |&request| {
            spawn_local(async move {
                let answer = fetch(client).await;
                dispatcher.dispatch(PollAction::Answer(request, answer, intl::now()));
            });
        });
    }
    {
        let dispatcher = state.dispatcher();
        use_effect_with(question, move |&question| {
            if question > 0 {
                dispatcher.dispatch(PollAction::Ask);
            }
        });
    }
    {
        let dispatcher = state.dispatcher();
        use_effect_with(interval, move |interval| {
            let millis = u32::try_from(interval.as_millis()).unwrap_or(u32::MAX).min(i32::MAX as u32);
            let ticking = dispatcher.clone();
            let ticks = Interval::new(millis, move || {
                ticking.dispatch(PollAction::Tick { visible: !intl::document().hidden() });
            });
            let seen = EventListener::new(&intl::document(), "visibilitychange", move |_| {
                if !intl::document().hidden() {
                    dispatcher.dispatch(PollAction::Seen);
                }
            });
            move || drop((ticks, seen))
        });
    }
    state
}
