//! The question before something is gone for good.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use super::form_error::form_error;
use crate::api::ApiRequest;

/// Properties of [`Confirm`].
#[derive(Properties, PartialEq)]
pub struct ConfirmProps {
    /// The question.
    pub title: AttrValue,
    /// What the button says that does it.
    pub action: AttrValue,
    /// Does it.
    pub act: Callback<(), ApiRequest<()>>,
    /// Told once it is done.
    pub on_done: Callback<()>,
    /// Told that the question is over, whatever came of it.
    pub on_close: Callback<()>,
    /// What it means.
    pub children: Html,
}

/// See the module.
#[component]
pub fn Confirm(props: &ConfirmProps) -> Html {
    let node = use_node_ref();
    let error = use_state(|| None::<String>);
    let busy = use_state(|| false);
    {
        let node = node.clone();
        use_effect_with((), move |()| {
            if let Some(dialog) = node.cast::<HtmlDialogElement>() {
                // It is in the page and not open yet: nothing to refuse.
                drop(dialog.show_modal());
            }
        });
    }
    let cancel = props.on_close.reform(|_: MouseEvent| ());
    // Escape closes it in the browser; this tells the page.
    let onclose = props.on_close.reform(|_: Event| ());
    let onclick = {
        let (act, error, busy) = (props.act.clone(), error.clone(), busy.clone());
        let (on_close, on_done) = (props.on_close.clone(), props.on_done.clone());
        Callback::from(move |_: MouseEvent| {
            busy.set(true);
            let (error, busy) = (error.clone(), busy.clone());
            let (on_close, on_done) = (on_close.clone(), on_done.clone());
            act.emit(()).then(Callback::from(move |reason: Option<String>| {
                if reason.is_none() {
                    on_done.emit(());
                    on_close.emit(());
                } else {
                    error.set(reason);
                    busy.set(false);
                }
            }));
        })
    };
    html! {
        <dialog ref={node} class="dialog" aria-labelledby="confirm-title" {onclose}>
            <h2 id="confirm-title">{ props.title.clone() }</h2>
            <p>{ props.children.clone() }</p>
            { form_error(error.as_deref()) }
            <div class="dialog-buttons">
                <button type="button" class="button" onclick={cancel}>{ "Keep it" }</button>
                <button type="button" class="button danger solid" {onclick} disabled={*busy}>{ props.action.clone() }</button>
            </div>
        </dialog>
    }
}
