//! The page by which a recipient of an e-mail channel confirms. Opening it confirms nothing, since mail scanners open links.

use yew::prelude::*;

use crate::{
    api::Client,
    components::{brand::brand, form_error::form_error},
    hooks::{use_submission, use_title},
    intl,
};

/// Renders the page. The fragment of the URL is the token, which is therefore not sent to servers with the page.
#[component]
pub fn ConfirmRecipientPage() -> Html {
    use_title("Confirm e-mail address");
    let done = use_state(|| false);
    let submission = use_submission(|error| Some(error.message()));
    let onclick = {
        let (done, submission) = (done.setter(), submission.clone());
        Callback::from(move |_: MouseEvent| {
            let token = intl::window().location().hash().unwrap_or_default();
            let done = done.clone();
            let confirm = Client::default().confirm_recipient(token.trim_start_matches('#'));
            submission.send(confirm, move |()| done.set(true));
        })
    };
    html! {
        <main class="alone">
            { brand() }
            <div class="panel form-panel">
                <h1>{ "Alert notifications" }</h1>
                if *done {
                    <p role="status">{ "Confirmed. This address will receive alert notifications." }</p>
                } else {
                    <p class="muted">{ "Receive the alert notifications of a workspace at this e-mail address?" }</p>
                    { form_error(submission.error.as_deref()) }
                    <button type="button" class="button primary wide" {onclick} disabled={*submission.busy}>
                        { if *submission.busy { "Confirming…" } else { "Confirm" } }
                    </button>
                }
            </div>
        </main>
    }
}
