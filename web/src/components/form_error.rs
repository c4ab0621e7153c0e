//! The error of a form or a button.

use yew::prelude::*;

/// Renders `error`, if any.
pub fn form_error(error: Option<&str>) -> Html {
    html! {
        if let Some(error) = error {
            <p class="form-error" role="alert">{ error.to_owned() }</p>
        }
    }
}
