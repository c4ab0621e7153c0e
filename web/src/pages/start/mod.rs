//! Getting started: create an API key, run an example with it, and open the first trace. The key is only held in memory
//! while the page is open.

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
use snippet::Integration;
use watch::{arrival_status, use_arrival};

/// The name of the created key in the list of keys.
const KEY_NAME: &str = "Getting started";

/// Properties of [`Start`].
#[derive(Properties, PartialEq)]
pub struct StartProps {
    /// Whether it replaces an empty dashboard.
    #[prop_or_default]
    pub within_dashboard: bool,
}

/// Renders the onboarding steps.
#[component]
pub fn Start(props: &StartProps) -> Html {
    use_title(if props.within_dashboard { "Dashboard" } else { "Getting started" });
    let client = use_client();
    let selected = use_state(|| 0_usize);
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
    let integration = Integration::ALL[*selected];
    let tab = |(index, item): (usize, Integration)| {
        let selected = selected.clone();
        let onclick = Callback::from(move |_: MouseEvent| selected.set(index));
        html! { <button type="button" aria-pressed={(integration == item).to_string()} {onclick}>{ item.title }</button> }
    };
    let location = intl::window().location();
    let (origin, host) = (location.origin().unwrap_or_default(), location.hostname().unwrap_or_default());
    let snippets = integration.snippets(&origin, key.as_deref());
    html! {
        <>
            if !props.within_dashboard {
                { page_head("Getting started", "Works with any OpenTelemetry exporter.", None) }
            }
            <section class="panel onboarding" aria-label="Send your first trace">
                <h2>{ "Send your first trace" }</h2>
                <p class="muted">{ "A trace is one run of an agent. Create an API key, run an example, and see its trace." }</p>
                <ol class="steps">
                    <li>
                        <h3>{ "Create an API key" }</h3>
                        if let Some(key) = &*key {
                            { new_key(key) }
                        } else {
                            <p>{ "Agents use the key to send traces to this workspace." }</p>
                            <button type="button" class="button primary" onclick={on_create} disabled={*busy}>{ "Create key" }</button>
                            { form_error(error.as_deref()) }
                        }
                    </li>
                    <li>
                        <h3>{ "Send a trace" }</h3>
                        <div class="segments integrations" role="group" aria-label="Integration">{ for Integration::ALL.into_iter().enumerate().map(tab) }</div>
                        <p>{ integration.description }</p>
                        { for snippets.into_iter().map(|snippet| code_box(snippet.location, snippet.label, snippet.text)) }
                        if integration.program.is_some() { { existing_exporter(&origin, &host) } }
                    </li>
                    <li>
                        <h3>{ "View the trace" }</h3>
                        { arrival_status(arrival.as_ref()) }
                    </li>
                </ol>
            </section>
        </>
    }
}

fn new_key(key: &str) -> Html {
    html! {
        <div class="new-key" role="status">
            <p><strong>{ "Copy your key now." }</strong>{ " It is not shown again. The examples below contain it. You can revoke it in " }<RouteLink to={Route::Settings}>{ "Settings" }</RouteLink>{ "." }</p>
            <div class="new-key-row">
                <code class="mono">{ key.to_owned() }</code>
                <CopyButton text={key.to_owned()} name="key" />
            </div>
        </div>
    }
}

fn existing_exporter(origin: &str, host: &str) -> Html {
    html! {
        <p class="muted">
            { "If your agent already exports OpenTelemetry, set only the environment variables. It can send OTLP over HTTP (protobuf or JSON) to " }
            <code>{ format!("{origin}/v1/traces") }</code>{ ", or over gRPC to " }<code>{ format!("http://{host}:4317") }</code>
            { " (" }<code>{ "OTEL_EXPORTER_OTLP_PROTOCOL=grpc" }</code>{ ")." }
        </p>
    }
}
