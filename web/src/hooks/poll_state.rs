//! The state machine of a poll: when it fetches and which data it shows. Independent of the browser and the clock.
//! `request` increases with every fetch. The hook fetches once per number, and ignores the response to an older number.

use std::rc::Rc;

use shared::Timestamp;
use yew::Reducible;

use crate::api::ApiError;

/// The last good data and the outcome of the last request.
#[derive(Debug)]
pub struct PollState<T: ?Sized> {
    /// The last good response.
    pub data: Option<Rc<T>>,
    /// The time of that response.
    pub updated_at: Option<Timestamp>,
    /// The error of the last request, if it failed.
    pub error: Option<ApiError>,
    /// Whether a request is in flight.
    pub loading: bool,
    /// Whether `data` belongs to a previous key (another range, another page).
    pub outdated: bool,
    /// The number of the newest request.
    pub request: u64,
    /// Whether that request bypasses the cache of the API.
    pub bypass_cache: bool,
    /// Whether an interval passed while the tab was hidden.
    missed: bool,
}

/// An event of a poll.
#[derive(Debug)]
pub enum PollAction<T: ?Sized> {
    /// The interval passed.
    Tick {
        /// Whether the tab is visible.
        visible: bool,
    },
    /// The tab became visible.
    Shown,
    /// The user requested fresh data.
    Refresh,
    /// The key changed.
    KeyChanged,
    /// The request with this number completed at this time.
    Response(u64, Result<Rc<T>, ApiError>, Timestamp),
}

impl<T: ?Sized> Default for PollState<T> {
    /// Returns the initial state, with a request in flight.
    fn default() -> Self {
        Self {
            data: None,
            updated_at: None,
            error: None,
            loading: true,
            outdated: false,
            request: 0,
            bypass_cache: false,
            missed: false,
        }
    }
}

impl<T: ?Sized> Clone for PollState<T> {
    fn clone(&self) -> Self {
        Self { data: self.data.clone(), error: self.error.clone(), ..*self }
    }
}

impl<T: ?Sized> PollState<T> {
    fn fetch(&self, bypass_cache: bool) -> Self {
        Self { request: self.request + 1, loading: true, missed: false, bypass_cache, ..self.clone() }
    }

    fn complete(&self, result: Result<Rc<T>, ApiError>, at: Timestamp) -> Self {
        let idle = Self { loading: false, ..self.clone() };
        match result {
            Ok(data) => Self { data: Some(data), updated_at: Some(at), error: None, outdated: false, ..idle },
            // Data of a previous key must not look like data of the current one.
            Err(error) if self.outdated => {
                Self { data: None, updated_at: None, error: Some(error), outdated: false, ..idle }
            }
            Err(error) => Self { error: Some(error), ..idle },
        }
    }
}

impl<T: ?Sized> Reducible for PollState<T> {
    type Action = PollAction<T>;

    fn reduce(self: Rc<Self>, action: PollAction<T>) -> Rc<Self> {
        match action {
            PollAction::Tick { visible: true } if self.loading => self,
            PollAction::Tick { visible: true } => Rc::new(self.fetch(false)),
            PollAction::Tick { visible: false } => Rc::new(Self { missed: true, ..(*self).clone() }),
            PollAction::Shown if self.missed => Rc::new(self.fetch(false)),
            PollAction::Shown => self,
            PollAction::Refresh => Rc::new(self.fetch(true)),
            PollAction::KeyChanged => {
                Rc::new(Self { outdated: self.data.is_some(), error: None, ..self.fetch(false) })
            }
            PollAction::Response(request, ..) if request != self.request => self,
            PollAction::Response(_, result, at) => Rc::new(self.complete(result, at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type State = Rc<PollState<&'static str>>;

    fn new() -> State {
        Rc::default()
    }

    fn succeed(state: State, data: &'static str) -> State {
        let request = state.request;
        state.reduce(PollAction::Response(request, Ok(Rc::new(data)), Timestamp::from_millis(1)))
    }

    fn fail(state: State) -> State {
        let request = state.request;
        state.reduce(PollAction::Response(request, Err(ApiError::Unreachable), Timestamp::from_millis(2)))
    }

    fn data(state: &State) -> Option<&'static str> {
        state.data.as_deref().copied()
    }

    #[test]
    fn a_failed_poll_keeps_the_last_good_data_beside_the_error() {
        let state = fail(succeed(new(), "old").reduce(PollAction::Tick { visible: true }));
        assert_eq!(data(&state), Some("old"));
        assert_eq!(state.updated_at, Some(Timestamp::from_millis(1)));
        assert_eq!(state.error, Some(ApiError::Unreachable));
        let state = succeed(state.reduce(PollAction::Refresh), "new");
        assert_eq!((data(&state), state.error.clone()), (Some("new"), None));
    }

    #[test]
    fn a_late_response_is_ignored() {
        let refreshed = new().reduce(PollAction::Refresh);
        let late =
            Rc::clone(&refreshed).reduce(PollAction::Response(0, Ok(Rc::new("late")), Timestamp::EPOCH));
        assert!(Rc::ptr_eq(&refreshed, &late));
        assert_eq!(data(&succeed(late, "current")), Some("current"));
    }

    #[test]
    fn a_hidden_tab_pauses_and_fetches_once_when_it_becomes_visible() {
        let state = succeed(new(), "a");
        let hidden =
            state.reduce(PollAction::Tick { visible: false }).reduce(PollAction::Tick { visible: false });
        assert_eq!(hidden.request, 0, "a hidden tab does not fetch");
        let shown = hidden.reduce(PollAction::Shown);
        assert_eq!(shown.request, 1);
        assert_eq!(shown.reduce(PollAction::Shown).request, 1, "no interval passed since");
    }

    #[test]
    fn a_tab_that_missed_no_interval_does_not_fetch_when_it_becomes_visible() {
        assert_eq!(succeed(new(), "a").reduce(PollAction::Shown).request, 0);
    }

    #[test]
    fn a_tick_does_not_overtake_a_request_in_flight() {
        assert_eq!(new().reduce(PollAction::Tick { visible: true }).request, 0);
        assert_eq!(succeed(new(), "a").reduce(PollAction::Tick { visible: true }).request, 1);
    }

    #[test]
    fn only_a_refresh_bypasses_the_cache() {
        let refreshed = new().reduce(PollAction::Refresh);
        assert!(refreshed.bypass_cache);
        assert!(!succeed(refreshed, "a").reduce(PollAction::Tick { visible: true }).bypass_cache);
    }

    #[test]
    fn data_of_a_previous_key_is_removed_when_the_new_request_fails() {
        let changed = succeed(new(), "last hour").reduce(PollAction::KeyChanged);
        assert!(changed.outdated && changed.loading);
        assert_eq!(data(&changed), Some("last hour"), "outdated data is shown until the response arrives");
        assert_eq!(data(&fail(changed)), None);
    }
}
