//! The time, for what says how long ago something was.

use gloo_timers::callback::Interval;
use shared::Timestamp;
use yew::prelude::*;

use crate::intl;

/// The time, anew every `seconds`.
#[hook]
pub fn use_now(seconds: u32) -> Timestamp {
    let now = use_state(intl::now);
    {
        let now = now.clone();
        use_effect_with(seconds, move |&seconds| {
            let ticks = Interval::new(seconds.saturating_mul(1000), move || now.set(intl::now()));
            move || drop(ticks)
        });
    }
    // Whatever else made the component draw itself, the time is at least that of what it shows.
    (*now).max(intl::now())
}
