//! Getting started: create an API key, run an example with it, and open the first trace. The key is only held in memory
//! while the page is open.

mod arrival;
pub(crate) mod snippet;
mod watch;

use icondata_lu::LuListTree;
use shared::{access::Permission, api_key::CreateApiKeyRequest};
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{
        code_box::code_box, form_error::form_error, link::RouteLink, load::skeleton_lines, message::message,
        page_head::page_head, secret::secret_box,
    },
    hooks::{use_role, use_submission, use_title},
    intl,
    route::{Route, Section},
};
use snippet::Integration;
pub use watch::newest_traces;
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
    let submission = use_submission(|error| Some(error.message()));
    let arrival = use_arrival();
    let on_create = {
        let (key, submission) = (key.setter(), submission.clone());
        Callback::from(move |_: MouseEvent| {
            let (key, request) = (
                key.clone(),
                CreateApiKeyRequest { name: KEY_NAME.to_owned(), ..CreateApiKeyRequest::default() },
            );
            submission.send(client.create_api_key(&request), move |created| key.set(Some(created.key)));
        })
    };
    match use_role() {
        None => return skeleton_lines(8),
        Some(role) if !role.permits(Permission::Keys) => {
            let next = html! { <p>{ "Traces appear here once agents send them. Members and owners create API keys for agents." }</p> };
            return html! {
                <>
                    if !props.within_dashboard { { page_head("Getting started", "", None) } }
                    <section class="panel">{ message(LuListTree, "No traces yet", next) }</section>
                </>
            };
        }
        Some(_) => {}
    }
    let integration = Integration::ALL[*selected];
    let tab = |(index, item): (usize, Integration)| {
        let onclick = selected.setter().to_callback().reform(move |_: MouseEvent| index);
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
                            <button type="button" class="button primary" onclick={on_create} disabled={*submission.busy}>{ "Create key" }</button>
                            { form_error(submission.error.as_deref()) }
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
    let text = html! {
        <>
            <strong>{ "Copy your key now." }</strong>
            { " It is not shown again. The examples below contain it. You can revoke it in " }
            <RouteLink to={Route::SettingsSection { section: Section::Keys }}>{ "Settings" }</RouteLink>{ "." }
        </>
    };
    secret_box(text, key, "key")
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
