//! What went wrong with what a form or a button asked for.

use yew::prelude::*;

/// `error`, where there is one.
pub fn form_error(error: Option<&str>) -> Html {
    html! {
        if let Some(error) = error {
            <p class="form-error" role="alert">{ error.to_owned() }</p>
        }
    }
}
