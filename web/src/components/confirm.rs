//! A confirmation dialog for actions that cannot be undone.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use super::form_error::form_error;
use crate::{api::ApiRequest, hooks::use_submission};

/// A question to confirm.
#[derive(Clone, PartialEq)]
pub struct Confirmation {
    /// The question.
    pub title: String,
    /// The label of the button that confirms.
    pub action: &'static str,
    /// What the action does.
    pub text: String,
    /// Creates the request that performs the action.
    pub on_confirm: Callback<(), ApiRequest<()>>,
    /// Called when the action has succeeded.
    pub on_done: Callback<()>,
}

/// Returns a callback that asks a question, and the dialog to render.
#[hook]
pub fn use_confirm() -> (Callback<Confirmation>, Html) {
    let asked = use_state(|| None::<Confirmation>);
    let on_close = asked.setter().to_callback().reform(|()| None);
    let dialog = html! {
        if let Some(confirmation) = &*asked {
            <Confirm confirmation={confirmation.clone()} {on_close} />
        }
    };
    (asked.setter().to_callback().reform(Some), dialog)
}

/// Properties of [`Confirm`].
#[derive(Properties, PartialEq)]
struct ConfirmProps {
    confirmation: Confirmation,
    /// Called when the dialog is closed, confirmed or not.
    on_close: Callback<()>,
}

/// Renders the dialog and opens it.
#[component]
fn Confirm(props: &ConfirmProps) -> Html {
    let Confirmation { title, action, text, on_confirm, on_done } = props.confirmation.clone();
    let node = use_node_ref();
    let submission = use_submission(|error| Some(error.message()));
    {
        let node = node.clone();
        use_effect_with((), move |()| {
            if let Some(dialog) = node.cast::<HtmlDialogElement>() {
                // It only fails for a dialog that is detached or already open; this one is neither.
                drop(dialog.show_modal());
            }
        });
    }
    let cancel = props.on_close.reform(|_: MouseEvent| ());
    // The browser closes the dialog on Escape; the page has to know.
    let onclose = props.on_close.reform(|_: Event| ());
    let onclick = {
        let submission = submission.clone();
        let on_close = props.on_close.clone();
        Callback::from(move |_: MouseEvent| {
            let (on_close, on_done) = (on_close.clone(), on_done.clone());
            submission.send(on_confirm.emit(()), move |()| {
                on_done.emit(());
                on_close.emit(());
            });
        })
    };
    html! {
        <dialog ref={node} class="dialog" aria-labelledby="confirm-title" {onclose}>
            <h2 id="confirm-title">{ title }</h2>
            <p>{ text }</p>
            { form_error(submission.error.as_deref()) }
            <div class="dialog-buttons">
                <button type="button" class="button" onclick={cancel}>{ "Cancel" }</button>
                <button type="button" class="button danger solid" {onclick} disabled={*submission.busy}>{ action }</button>
            </div>
        </dialog>
    }
}
