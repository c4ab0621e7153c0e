//! What a workspace sees that has no trace yet: how to send the first.

use yew::prelude::*;

use crate::{
    components::{curl_example::curl_example, link::RouteLink},
    route::Route,
};

/// See the module.
pub fn onboarding() -> Html {
    html! {
        <section class="panel onboarding" aria-label="Send your first trace">
            <h2>{ "Send your first trace" }</h2>
            <p class="muted">
                { "Nothing has come in yet. A trace is one run of an agent; as soon as one arrives, this page fills by itself." }
            </p>
            <ol class="steps">
                <li>
                    <h3>{ "Create an API key" }</h3>
                    <p>{ "Your agents send it along, so that their traces land in this workspace." }</p>
                    <RouteLink class="button primary" to={Route::Settings}>{ "Go to API keys" }</RouteLink>
                </li>
                <li>
                    <h3>{ "Send a trace" }</h3>
                    <p>{ "Paste this into a terminal, with your key in it. OpenTelemetry exporters can send to " }<code>{ "/v1/traces" }</code>{ " on this server." }</p>
                    { curl_example(None) }
                </li>
                <li>
                    <h3>{ "Watch it arrive" }</h3>
                    <p>{ "This page looks for it every half minute." }</p>
                </li>
            </ol>
        </section>
    }
}
