//! The one polling hook: fetches at once, then on the interval; pauses while the tab is hidden.
//!
//! The types of the key and the data are erased inside, so that the page contains the machinery once and not per poll.

use std::{any::Any, future::Future, marker::PhantomData, rc::Rc, time::Duration};

use futures_util::{FutureExt, future::LocalBoxFuture};
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

type State = PollState<dyn Any>;
type Fetch = Box<dyn FnOnce(Client) -> LocalBoxFuture<'static, Result<Rc<dyn Any>, ApiError>>>;

/// The state of a [`use_poll`].
pub struct Poll<T: 'static> {
    state: UseReducerHandle<State>,
    data: PhantomData<T>,
}

impl<T> Clone for Poll<T> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), data: PhantomData }
    }
}

impl<T> Poll<T> {
    /// Returns the last good response.
    pub fn data(&self) -> Option<Rc<T>> {
        self.state.data.clone()?.downcast().ok()
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
        on_refresh(&self.state)
    }
}

fn on_refresh(state: &UseReducerHandle<State>) -> Callback<()> {
    state.dispatcher().to_callback().reform(|()| PollAction::Refresh)
}

/// A key of any type.
struct Key {
    value: Box<dyn Any>,
    equals: fn(&dyn Any, &dyn Any) -> bool,
}

impl Key {
    fn new<K: PartialEq + 'static>(key: K) -> Self {
        let equals = |a: &dyn Any, b: &dyn Any| a.downcast_ref::<K>() == b.downcast_ref::<K>();
        Self { value: Box::new(key), equals }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        (self.equals)(&*self.value, &*other.value)
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
    let fetch = {
        let key = key.clone();
        Box::new(move |client| {
            fetch(client, key).map(|result| Ok(Rc::new(result?) as Rc<dyn Any>)).boxed_local()
        })
    };
    Poll { state: use_state_of(Key::new(key), interval, fetch), data: PhantomData }
}

#[hook]
fn use_state_of(key: Key, interval: Duration, fetch: Fetch) -> UseReducerHandle<State> {
    let state = use_reducer(State::default);
    let client = use_client().bypassing_cache(state.bypass_cache);
    {
        let dispatcher = state.dispatcher();
        use_effect_with(state.request, move |&request| {
            spawn_local(async move {
                let result = fetch(client).await;
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
    state
}
