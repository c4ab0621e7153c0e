//! What a poll knows and when it asks: a state machine that knows neither browser nor clock. `request` counts up
//! whenever it is time to ask, so the hook fetches once per number and an answer to an older number is late.

use std::rc::Rc;

use shared::Timestamp;
use yew::Reducible;

use crate::api::ApiError;

/// The last good data, and what became of the last request.
#[derive(Debug)]
pub struct PollState<T: ?Sized> {
    /// The last answer that was one.
    pub data: Option<Rc<T>>,
    /// When it came.
    pub updated_at: Option<Timestamp>,
    /// Why the last request failed, if it did.
    pub error: Option<ApiError>,
    /// Whether a request is on its way.
    pub loading: bool,
    /// Whether `data` answers an older question (another range, another page).
    pub outdated: bool,
    /// The number of the request whose answer counts.
    pub request: u64,
    /// Whether that request bypasses the API's cache.
    pub bypass_cache: bool,
    /// Whether an interval passed while nobody was looking.
    missed: bool,
}

/// What happens to a poll.
#[derive(Debug)]
pub enum PollAction<T: ?Sized> {
    /// The interval passed.
    Tick {
        /// Whether the tab is seen.
        visible: bool,
    },
    /// The tab is seen again.
    Seen,
    /// The person wants it now.
    Refresh,
    /// The question changed.
    Ask,
    /// The request of this number ended at this time.
    Answer(u64, Result<Rc<T>, ApiError>, Timestamp),
}

impl<T: ?Sized> Default for PollState<T> {
    /// Asks at once.
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
    fn ask(&self, bypass_cache: bool) -> Self {
        Self { request: self.request + 1, loading: true, missed: false, bypass_cache, ..self.clone() }
    }

    fn answered(&self, answer: Result<Rc<T>, ApiError>, at: Timestamp) -> Self {
        let asked = Self { loading: false, ..self.clone() };
        match answer {
            Ok(data) => {
                Self { data: Some(data), updated_at: Some(at), error: None, outdated: false, ..asked }
            }
            // What answers another question must not stand there as if it answered this one.
            Err(error) if self.outdated => {
                Self { data: None, updated_at: None, error: Some(error), outdated: false, ..asked }
            }
            Err(error) => Self { error: Some(error), ..asked },
        }
    }
}

impl<T: ?Sized> Reducible for PollState<T> {
    type Action = PollAction<T>;

    fn reduce(self: Rc<Self>, action: PollAction<T>) -> Rc<Self> {
        match action {
            PollAction::Tick { visible: true } if self.loading => self,
            PollAction::Tick { visible: true } => Rc::new(self.ask(false)),
            PollAction::Tick { visible: false } => Rc::new(Self { missed: true, ..(*self).clone() }),
            PollAction::Seen if self.missed => Rc::new(self.ask(false)),
            PollAction::Seen => self,
            PollAction::Refresh => Rc::new(self.ask(true)),
            PollAction::Ask => {
                Rc::new(Self { outdated: self.data.is_some(), error: None, ..self.ask(false) })
            }
            PollAction::Answer(request, ..) if request != self.request => self,
            PollAction::Answer(_, answer, at) => Rc::new(self.answered(answer, at)),
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

    fn answered(state: State, data: &'static str) -> State {
        let request = state.request;
        state.reduce(PollAction::Answer(request, Ok(Rc::new(data)), Timestamp::from_millis(1)))
    }

    fn failed(state: State) -> State {
        let request = state.request;
        state.reduce(PollAction::Answer(request, Err(ApiError::Offline), Timestamp::from_millis(2)))
    }

    fn data(state: &State) -> Option<&'static str> {
        state.data.as_deref().copied()
    }

    #[test]
    fn a_failed_poll_keeps_the_last_good_data_and_says_so() {
        let state = failed(answered(new(), "old").reduce(PollAction::Tick { visible: true }));
        assert_eq!(data(&state), Some("old"));
        assert_eq!(state.updated_at, Some(Timestamp::from_millis(1)));
        assert_eq!(state.error, Some(ApiError::Offline));
        let state = answered(state.reduce(PollAction::Refresh), "new");
        assert_eq!((data(&state), state.error.clone()), (Some("new"), None));
    }

    #[test]
    fn a_late_answer_is_dropped() {
        let asked_again = new().reduce(PollAction::Refresh);
        let late =
            Rc::clone(&asked_again).reduce(PollAction::Answer(0, Ok(Rc::new("late")), Timestamp::EPOCH));
        assert!(Rc::ptr_eq(&asked_again, &late));
        assert_eq!(data(&answered(late, "current")), Some("current"));
    }

    #[test]
    fn a_hidden_tab_rests_and_catches_up_once_when_it_is_seen() {
        let state = answered(new(), "a");
        let hidden =
            state.reduce(PollAction::Tick { visible: false }).reduce(PollAction::Tick { visible: false });
        assert_eq!(hidden.request, 0, "nothing is asked while hidden");
        let seen = hidden.reduce(PollAction::Seen);
        assert_eq!(seen.request, 1);
        assert_eq!(seen.reduce(PollAction::Seen).request, 1, "the second look finds nothing missed");
    }

    #[test]
    fn a_tab_that_missed_nothing_does_not_ask_when_it_is_seen() {
        assert_eq!(answered(new(), "a").reduce(PollAction::Seen).request, 0);
    }

    #[test]
    fn a_tick_does_not_overtake_a_request_that_is_on_its_way() {
        assert_eq!(new().reduce(PollAction::Tick { visible: true }).request, 0);
        assert_eq!(answered(new(), "a").reduce(PollAction::Tick { visible: true }).request, 1);
    }

    #[test]
    fn only_a_refresh_bypasses_the_cache() {
        let refreshed = new().reduce(PollAction::Refresh);
        assert!(refreshed.bypass_cache);
        assert!(!answered(refreshed, "a").reduce(PollAction::Tick { visible: true }).bypass_cache);
    }

    #[test]
    fn data_of_another_question_goes_when_the_new_one_fails() {
        let asked = answered(new(), "last hour").reduce(PollAction::Ask);
        assert!(asked.outdated && asked.loading);
        assert_eq!(data(&asked), Some("last hour"), "it stays, marked, until the answer is there");
        assert_eq!(data(&failed(asked)), None);
    }
}
