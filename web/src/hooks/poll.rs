//! The one polling hook: fetches at once, then on the interval; rests while the tab is hidden.

use std::{future::Future, rc::Rc, time::Duration};

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

/// What a view gets from [`use_poll`].
#[derive(Debug)]
pub struct Poll<T> {
    state: UseReducerHandle<PollState<T>>,
}

impl<T> Clone for Poll<T> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone() }
    }
}

impl<T> Poll<T> {
    /// The last good answer.
    pub fn data(&self) -> Option<&Rc<T>> {
        self.state.data.as_ref()
    }

    /// When it came.
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
}

impl<T: 'static> Poll<T> {
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

/// Asks `fetch` for `key`: at once, every `interval`, and when `key` changes.
#[hook]
pub fn use_poll<K, T, F, A>(key: K, interval: Duration, fetch: F) -> Poll<T>
where
    K: Clone + PartialEq + 'static,
    T: 'static,
    F: FnOnce(Client, K) -> A + 'static,
    A: Future<Output = Result<T, ApiError>> + 'static,
{
    let state = use_reducer(PollState::<T>::default);
    let client = use_client().bypassing_cache(state.bypass_cache);
    {
        let (dispatcher, key) = (state.dispatcher(), key.clone());
        use_effect_with(state.request, move |&request| {
            spawn_local(async move {
                let answer = fetch(client, key).await;
                dispatcher.dispatch(PollAction::Answer(request, answer, intl::now()));
            });
        });
    }
    {
        let (dispatcher, asked) = (state.dispatcher(), use_mut_ref(|| None::<K>));
        use_effect_with(key, move |key| {
            let before = asked.replace(Some(key.clone()));
            if before.is_some() {
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
    Poll { state }
}
