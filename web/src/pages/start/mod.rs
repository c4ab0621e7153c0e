//! Getting started: a key, something to paste with the key in it, and the first trace, to which the page turns. The key
//! is kept here only, for as long as the page is open.

mod arrival;
pub(crate) mod snippet;
mod watch;

use shared::api_key::CreateApiKeyRequest;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{
        code_box::code_box, copy_button::CopyButton, form_error::form_error, link::RouteLink,
        page_head::page_head,
    },
    hooks::use_title,
    intl,
    route::Route,
};
use snippet::Way;
use watch::{use_arrival, watch};

/// What the key is called in the list of keys.
const KEY_NAME: &str = "Getting started";

/// Properties of [`Start`].
#[derive(Properties, PartialEq)]
pub struct StartProps {
    /// Whether it stands where an empty dashboard would.
    #[prop_or_default]
    pub within_dashboard: bool,
}

/// See the module.
#[component]
pub fn Start(props: &StartProps) -> Html {
    use_title(if props.within_dashboard { "Dashboard" } else { "Getting started" });
    let client = use_client();
    let chosen = use_state(|| 0_usize);
    let key = use_state(|| None::<String>);
    let error = use_state(|| None::<String>);
    let busy = use_state(|| false);
    let arrival = use_arrival();
    let on_create = {
        let (key, error, busy) = (key.clone(), error.clone(), busy.clone());
        Callback::from(move |_: MouseEvent| {
            busy.set(true);
            let (client, key, error, busy) = (client.clone(), key.clone(), error.clone(), busy.clone());
            spawn_local(async move {
                match client.create_api_key(&CreateApiKeyRequest { name: KEY_NAME.to_owned() }).await {
                    Ok(created) => key.set(Some(created.key)),
                    Err(reason) => error.set(Some(reason.message())),
                }
                busy.set(false);
            });
        })
    };
    let way = Way::ALL[*chosen];
    let tab = |(index, this): (usize, Way)| {
        let chosen = chosen.clone();
        let onclick = Callback::from(move |_: MouseEvent| chosen.set(index));
        html! { <button type="button" aria-pressed={(way == this).to_string()} {onclick}>{ this.title() }</button> }
    };
    let location = intl::window().location();
    let (origin, host) = (location.origin().unwrap_or_default(), location.hostname().unwrap_or_default());
    let snippets = way.snippets(&origin, key.as_deref());
    html! {
        <>
            if !props.within_dashboard {
                { page_head("Getting started", "Whatever speaks OpenTelemetry sends its runs here as it is.", None) }
            }
            <section class="panel onboarding" aria-label="Send your first trace">
                <h2>{ "Send your first trace" }</h2>
                <p class="muted">{ "A trace is one run of an agent. Make a key, paste what sends one, and see it here." }</p>
                <ol class="steps">
                    <li>
                        <h3>{ "Create an API key" }</h3>
                        if let Some(key) = &*key {
                            { fresh_key(key) }
                        } else {
                            <p>{ "Your agents send it along, so that their traces land in this workspace." }</p>
                            <button type="button" class="button primary" onclick={on_create} disabled={*busy}>{ "Create a key" }</button>
                            { form_error(error.as_deref()) }
                        }
                    </li>
                    <li>
                        <h3>{ "Send a trace" }</h3>
                        <div class="segments ways" role="group" aria-label="How to send">{ for Way::ALL.into_iter().enumerate().map(tab) }</div>
                        <p>{ way.lead() }</p>
                        { for snippets.into_iter().map(|snippet| code_box(snippet.place, snippet.what, snippet.text)) }
                        if way != Way::Curl { { settings_alone(&origin, &host) } }
                    </li>
                    <li>
                        <h3>{ "Watch it arrive" }</h3>
                        { watch(arrival.as_ref()) }
                    </li>
                </ol>
            </section>
        </>
    }
}

fn fresh_key(key: &str) -> Html {
    html! {
        <div class="fresh-key" role="status">
            <p><strong>{ "This is your key, and it is in the snippets below." }</strong>{ " It is not shown again. " }<RouteLink to={Route::Settings}>{ "Settings" }</RouteLink>{ " can revoke it." }</p>
            <div class="fresh-key-row">
                <code class="mono">{ key.to_owned() }</code>
                <CopyButton text={key.to_owned()} what="key" />
            </div>
        </div>
    }
}

fn settings_alone(origin: &str, host: &str) -> Html {
    html! {
        <p class="muted">
            { "An agent that already exports OpenTelemetry needs the settings alone. It may send HTTP with protobuf or JSON to " }
            <code>{ format!("{origin}/v1/traces") }</code>{ ", or gRPC to " }<code>{ format!("http://{host}:4317") }</code>
            { " (" }<code>{ "OTEL_EXPORTER_OTLP_PROTOCOL=grpc" }</code>{ ")." }
        </p>
    }
}
