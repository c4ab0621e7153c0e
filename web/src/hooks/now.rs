//! The current time, for relative times such as `5 min ago`.

use gloo_timers::callback::Interval;
use shared::Timestamp;
use yew::prelude::*;

use crate::intl;

/// Returns the current time and re-renders every `seconds`.
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
    // A render for another reason may show data that is newer than the last tick.
    (*now).max(intl::now())
}
