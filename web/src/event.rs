//! Callbacks for the events of inputs and buttons.

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// Returns a callback for the `oninput` of an input. It emits the text of the input.
pub fn on_input(on_text: &Callback<String>) -> Callback<InputEvent> {
    on_text.reform(|event: InputEvent| event.target_unchecked_into::<HtmlInputElement>().value())
}

/// Returns a callback for the `onchange` of a select. It emits the selected value.
pub fn on_select(on_value: &Callback<String>) -> Callback<Event> {
    on_value.reform(|event: Event| event.target_unchecked_into::<HtmlSelectElement>().value())
}

/// Returns a callback that inverts `state`.
pub fn on_toggle(state: &UseStateHandle<bool>) -> Callback<MouseEvent> {
    let state = state.clone();
    Callback::from(move |_| state.set(!*state))
}

/// Returns a callback that writes the text of an input to a field of `form`.
pub fn on_edit<T: Clone + 'static>(
    form: &UseStateHandle<T>,
    write: impl Fn(&mut T, String) + 'static,
) -> Callback<String> {
    let form = form.clone();
    Callback::from(move |text| {
        let mut changed = (*form).clone();
        write(&mut changed, text);
        form.set(changed);
    })
}

/// Returns a callback that calls all `callbacks`.
pub fn on_all<const N: usize>(callbacks: [Callback<()>; N]) -> Callback<()> {
    Callback::from(move |()| callbacks.iter().for_each(|callback| callback.emit(())))
}
