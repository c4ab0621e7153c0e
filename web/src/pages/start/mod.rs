//! Getting started: a key, something to paste with the key in it, and the first trace, to which the page turns.

mod arrival;
mod guide;
pub(crate) mod snippet;
mod watch;

use yew::prelude::*;

pub use guide::Guide;

use crate::hooks::use_title;

/// See the module.
#[component]
pub fn StartPage() -> Html {
    use_title("Getting started");
    html! {
        <>
            <div class="page-head">
                <div>
                    <h1>{ "Getting started" }</h1>
                    <p class="muted">{ "Whatever speaks OpenTelemetry sends its runs here as it is." }</p>
                </div>
            </div>
            <Guide />
        </>
    }
}
