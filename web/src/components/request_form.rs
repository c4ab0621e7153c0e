//! A form that sends a request: its fields, their errors, and the outcome.

use shared::error::FieldError;
use yew::prelude::*;

use super::{field::Field, form_error::form_error};
use crate::{
    api::{ApiError, ApiRequest},
    hooks::use_submission,
};

/// A field of a [`RequestForm`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FormField {
    /// The name in the request.
    pub name: &'static str,
    /// The label.
    pub label: &'static str,
    /// The subject of its errors: `The name` for `The name is required`.
    pub subject: &'static str,
    /// The input type.
    pub kind: &'static str,
    /// The `autocomplete` attribute.
    pub autocomplete: &'static str,
    /// An example value.
    pub placeholder: &'static str,
    /// A hint below the input.
    pub hint: &'static str,
    /// The initial value.
    pub value: String,
    /// The values and labels of a select; empty for a text input.
    pub choices: Vec<(AttrValue, AttrValue)>,
    /// Whether the value is fixed.
    pub readonly: bool,
    /// Whether the input is focused when it appears.
    pub autofocus: bool,
}

impl FormField {
    /// Creates a text field.
    pub fn text(name: &'static str, label: &'static str, subject: &'static str) -> Self {
        Self { name, label, subject, kind: "text", autocomplete: "off", ..Self::default() }
    }

    /// Creates the field of the e-mail address of an account. A given `email` is fixed.
    pub fn email(email: Option<String>) -> Self {
        Self {
            kind: "email",
            autocomplete: "username",
            placeholder: "you@example.com",
            readonly: email.is_some(),
            value: email.unwrap_or_default(),
            ..Self::text("email", "E-mail", "The e-mail")
        }
    }

    /// Creates the field of the current password.
    pub fn password(name: &'static str, label: &'static str) -> Self {
        let autocomplete = "current-password";
        Self { kind: "password", autocomplete, ..Self::text(name, label, "The password") }
    }

    /// Creates the fields of a new password and its confirmation.
    pub fn new_password(name: &'static str, label: &'static str) -> [Self; 2] {
        let field = |name, label, subject, hint| Self {
            kind: "password",
            autocomplete: "new-password",
            hint,
            ..Self::text(name, label, subject)
        };
        let hint = "At least 8 characters, not a common password.";
        [
            field(name, label, "The password", hint),
            field("confirmation", "Confirm password", "The passwords", ""),
        ]
    }
}

/// The texts of the fields of a form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FormValues(Vec<(&'static str, String)>);

impl FormValues {
    /// Returns the text of a field.
    pub fn text(&self, name: &str) -> String {
        self.0.iter().find(|(field, _)| *field == name).map(|(_, text)| text.clone()).unwrap_or_default()
    }

    /// Returns the text of a field without surrounding spaces, unless it is empty.
    pub fn optional(&self, name: &str) -> Option<String> {
        Some(self.text(name).trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Returns `errors`, and one if the confirmation differs from the new password.
    pub fn check_confirmation(&self, password: &str, mut errors: Vec<FieldError>) -> Vec<FieldError> {
        if self.text(password) != self.text("confirmation") {
            errors.push(FieldError::new("confirmation", "do not match"));
        }
        errors
    }
}

/// Returns `request` unless there are errors.
///
/// # Errors
/// Returns the errors.
pub fn checked(
    errors: Vec<FieldError>,
    request: impl FnOnce() -> ApiRequest<()>,
) -> Result<ApiRequest<()>, Vec<FieldError>> {
    if errors.is_empty() { Ok(request()) } else { Err(errors) }
}

/// Properties of [`RequestForm`].
#[derive(Properties, PartialEq)]
pub struct RequestFormProps {
    /// The prefix of the element ids, unless the page has only one form.
    #[prop_or_default]
    pub id: &'static str,
    /// The CSS class of the form.
    #[prop_or_default]
    pub class: &'static str,
    /// The fields.
    pub fields: Vec<FormField>,
    /// The label of the button.
    pub action: AttrValue,
    /// The CSS class of the button.
    #[prop_or("primary")]
    pub button: &'static str,
    /// The text after a successful request; empty for none.
    #[prop_or_default]
    pub done: &'static str,
    /// Creates the request, or returns the validation errors.
    pub on_submit: Callback<FormValues, Result<ApiRequest<()>, Vec<FieldError>>>,
    /// Further inputs, before the button.
    #[prop_or_default]
    pub children: Html,
}

/// Renders the form. After a success, the fields that were empty at first are empty again.
#[component]
pub fn RequestForm(props: &RequestFormProps) -> Html {
    let edited = use_state(FormValues::default);
    let is_done = use_state(|| false);
    let submission = use_submission(ApiError::form_errors);
    let value = |field: &FormField| {
        let text = edited.0.iter().find(|(name, _)| *name == field.name).map(|(_, text)| text);
        text.unwrap_or(&field.value).clone()
    };
    let values = FormValues(props.fields.iter().map(|field| (field.name, value(field))).collect());
    let onsubmit = {
        let kept = values.0.iter().zip(&props.fields).filter(|(_, field)| !field.value.is_empty());
        let kept = FormValues(kept.map(|(value, _)| value.clone()).collect());
        let (on_submit, values, submission) = (props.on_submit.clone(), values.clone(), submission.clone());
        let (edited, is_done) = (edited.setter(), is_done.setter());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            is_done.set(false);
            match on_submit.emit(values.clone()) {
                Err(errors) => submission.error.set(errors),
                Ok(request) => {
                    submission.error.set(Vec::new());
                    let (edited, is_done, kept) = (edited.clone(), is_done.clone(), kept.clone());
                    submission.send(request, move |()| {
                        edited.set(kept);
                        is_done.set(true);
                    });
                }
            }
        })
    };
    let errors = &*submission.error;
    let is_invalid = |field: &FormField| errors.iter().any(|error| error.field == field.name);
    let first_invalid = props.fields.iter().position(is_invalid);
    let field = |(index, field): (usize, &FormField)| {
        let on_change = {
            let (edited, values) = (edited.setter(), values.clone());
            Callback::from(move |text| {
                let mut values = values.clone();
                values.0[index].1 = text;
                edited.set(values);
            })
        };
        let error = errors.iter().find(|error| error.field == field.name);
        let error = error.map(|error| AttrValue::from(format!("{} {}", field.subject, error.detail)));
        let name =
            if props.id.is_empty() { field.name.to_owned() } else { format!("{}-{}", props.id, field.name) };
        let hint = Some(field.hint).filter(|hint| !hint.is_empty()).map(AttrValue::Static);
        html! {
            <Field key={field.name} {name} label={field.label} kind={field.kind} autocomplete={field.autocomplete}
                placeholder={field.placeholder} choices={field.choices.clone()} readonly={field.readonly} autofocus={first_invalid.map_or(field.autofocus, |first| first == index)}
                value={value(field)} {hint} {error} {on_change} />
        }
    };
    let is_shown = |error: &&FieldError| !props.fields.iter().any(|field| field.name == error.field);
    let other = errors.iter().find(is_shown).map(|error| format!("{} {}", error.field, error.detail));
    html! {
        <form class={props.class} {onsubmit} novalidate=true>
            { form_error(other.as_deref().map(str::trim)) }
            { for props.fields.iter().enumerate().map(field) }
            { props.children.clone() }
            <button type="submit" class={classes!("button", props.button)} disabled={*submission.busy}>{ props.action.clone() }</button>
            if *is_done && !props.done.is_empty() {
                <p class="form-note" role="status">{ props.done }</p>
            }
        </form>
    }
}
