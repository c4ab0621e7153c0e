//! The one polling hook: fetches at once, then on the interval; pauses while the tab is hidden.

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

/// The state of a [`use_poll`].
pub struct Poll<T: 'static> {
    state: UseReducerHandle<PollState<T>>,
}

impl<T> Clone for Poll<T> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone() }
    }
}

impl<T> Poll<T> {
    /// Returns the last good response.
    pub fn data(&self) -> Option<Rc<T>> {
        self.state.data.clone()
    }

    /// Returns the time of the last good response.
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.state.updated_at
    }

    /// Returns the error of the last request, if it failed.
    pub fn error(&self) -> Option<&ApiError> {
        self.state.error.as_ref()
    }

    /// Returns whether a request is in flight.
    pub fn is_loading(&self) -> bool {
        self.state.loading
    }

    /// Returns whether the data belongs to a previous key.
    pub fn is_outdated(&self) -> bool {
        self.state.outdated
    }

    /// Fetches now and bypasses the cache of the API.
    pub fn refresh(&self) {
        self.state.dispatch(PollAction::Refresh);
    }

    /// Returns [`Poll::refresh`] as a callback.
    pub fn on_refresh(&self) -> Callback<()> {
        self.state.dispatcher().to_callback().reform(|()| PollAction::Refresh)
    }
}

/// Calls `fetch` with `key`: at once, every `interval`, and whenever `key` changes.
#[hook]
pub fn use_poll<K, T, F, R>(key: K, interval: Duration, fetch: F) -> Poll<T>
where
    K: Clone + PartialEq + 'static,
    T: 'static,
    F: FnOnce(Client, K) -> R + 'static,
    R: Future<Output = Result<T, ApiError>> + 'static,
{
    let state = use_reducer(PollState::<T>::default);
    let client = use_client().bypassing_cache(state.bypass_cache);
    {
        let (dispatcher, key) = (state.dispatcher(), key.clone());
        use_effect_with(state.request, move |&request| {
            spawn_local(async move {
                let result = fetch(client, key).await.map(Rc::new);
                dispatcher.dispatch(PollAction::Response(request, result, intl::now()));
            });
        });
    }
    {
        let (dispatcher, is_first) = (state.dispatcher(), use_mut_ref(|| true));
        use_effect_with(key, move |_| {
            if !is_first.replace(false) {
                dispatcher.dispatch(PollAction::KeyChanged);
            }
        });
    }
    {
        let dispatcher = state.dispatcher();
        use_effect_with(interval, move |interval| {
            let millis = u32::try_from(interval.as_millis()).unwrap_or(u32::MAX).min(i32::MAX as u32);
            let on_tick = dispatcher.clone();
            let ticks = Interval::new(millis, move || {
                on_tick.dispatch(PollAction::Tick { visible: !intl::document().hidden() });
            });
            let visibility = EventListener::new(&intl::document(), "visibilitychange", move |_| {
                if !intl::document().hidden() {
                    dispatcher.dispatch(PollAction::Shown);
                }
            });
            move || drop((ticks, visibility))
        });
    }
    Poll { state }
}
