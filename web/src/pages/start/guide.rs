//! The three steps: a key, a snippet, the trace. The key is kept here only, for as long as the page is open.

use shared::api_key::{CreateApiKeyRequest, CreateApiKeyResponse};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{snippet::Way, watch::Watch};
use crate::{
    api::ApiError,
    auth::use_client,
    components::{code_box::code_box, copy_button::CopyButton, link::RouteLink},
    intl,
    route::Route,
};

/// What the key is called in the list of keys.
const KEY_NAME: &str = "Getting started";

/// See the module.
#[component]
pub fn Guide() -> Html {
    let way = use_state(|| Way::Python);
    let key = use_state(|| None::<CreateApiKeyResponse>);
    let tab = |this: Way| {
        let onclick = {
            let way = way.clone();
            Callback::from(move |_: MouseEvent| way.set(this))
        };
        html! { <button type="button" aria-pressed={(*way == this).to_string()} {onclick}>{ this.title() }</button> }
    };
    let location = intl::window().location();
    let (origin, host) = (location.origin().unwrap_or_default(), location.hostname().unwrap_or_default());
    let filled = key.as_ref().map(|created| &*created.key);
    html! {
        <section class="panel onboarding" aria-label="Send your first trace">
            <h2>{ "Send your first trace" }</h2>
            <p class="muted">{ "A trace is one run of an agent. Make a key, paste what sends one, and see it here." }</p>
            <ol class="steps">
                <li>
                    <h3>{ "Create an API key" }</h3>
                    <CreateKey created={(*key).clone()} on_created={let key = key.clone(); move |created| key.set(Some(created))} />
                </li>
                <li>
                    <h3>{ "Send a trace" }</h3>
                    <div class="segments ways" role="group" aria-label="How to send">{ for Way::ALL.into_iter().map(tab) }</div>
                    <p>{ way.lead() }</p>
                    { for way.snippets(&origin, filled).into_iter().map(|snippet| code_box(snippet.place, snippet.what, snippet.text)) }
                    if *way != Way::Curl {
                        <p class="muted">
                            { "An agent that already exports OpenTelemetry needs the settings alone. It may send HTTP with protobuf or JSON to " }
                            <code>{ format!("{origin}/v1/traces") }</code>{ ", or gRPC to " }<code>{ format!("http://{host}:4317") }</code>
                            { " (" }<code>{ "OTEL_EXPORTER_OTLP_PROTOCOL=grpc" }</code>{ ")." }
                        </p>
                    }
                </li>
                <li>
                    <h3>{ "Watch it arrive" }</h3>
                    <Watch />
                </li>
            </ol>
        </section>
    }
}

/// Properties of [`CreateKey`].
#[derive(Properties, PartialEq)]
struct CreateKeyProps {
    created: Option<CreateApiKeyResponse>,
    on_created: Callback<CreateApiKeyResponse>,
}

#[component]
fn CreateKey(props: &CreateKeyProps) -> Html {
    let client = use_client();
    let error = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let onclick = {
        let (error, busy, on_created) = (error.clone(), busy.clone(), props.on_created.clone());
        Callback::from(move |_: MouseEvent| {
            busy.set(true);
            let (client, error, busy) = (client.clone(), error.clone(), busy.clone());
            let on_created = on_created.clone();
            spawn_local(async move {
                match client.create_api_key(&CreateApiKeyRequest { name: KEY_NAME.to_owned() }).await {
                    Ok(created) => {
                        error.set(None);
                        on_created.emit(created);
                    }
                    Err(reason) => error.set(Some(reason)),
                }
                busy.set(false);
            });
        })
    };
    if let Some(created) = &props.created {
        return html! {
            <div class="fresh-key" role="status">
                <p><strong>{ "This is your key, and it is in the snippets below." }</strong>{ " It is not shown again. " }<RouteLink to={Route::Settings}>{ "Settings" }</RouteLink>{ " can revoke it." }</p>
                <div class="fresh-key-row">
                    <code class="mono">{ created.key.clone() }</code>
                    <CopyButton text={created.key.clone()} what="key" />
                </div>
            </div>
        };
    }
    html! {
        <>
            <p>{ "Your agents send it along, so that their traces land in this workspace." }</p>
            <button type="button" class="button primary" {onclick} disabled={*busy}>{ "Create a key" }</button>
            if let Some(error) = &*error { <p class="form-error" role="alert">{ error.message() }</p> }
        </>
    }
}
