//! The registration page.

use shared::{
    auth::{LoginRequest, RegisterRequest, Registration, TokenResponse},
    error::{ErrorBody, ErrorCode, FieldError},
    ttl,
};
use yew::prelude::*;

use crate::{
    api::{ApiError, ApiRequest, Client},
    auth::{Auth, use_auth, use_redirect_when_logged_in},
    components::{
        alone::alone,
        link::RouteLink,
        load::{skeleton_lines, view},
        request_form::{FormField, FormValues, RequestForm, checked},
    },
    hooks::{use_poll, use_title},
    intl,
    route::Route,
};

/// Renders the form that creates an account and its workspace, if registration is open.
#[component]
pub fn RegisterPage() -> Html {
    use_title("Create an account");
    use_redirect_when_logged_in();
    let auth = use_auth();
    let options = use_poll((), ttl::TRACE_DETAIL, |client, ()| client.get_login_options());
    let on_token = {
        let auth = auth.clone();
        Callback::from(move |token| auth.log_in(token))
    };
    let query = intl::window().location().search().unwrap_or_default().trim_start_matches('?').to_owned();
    let content = view(&options, skeleton_lines(12), |options| match options.registration {
        Registration::Open => html! {
            <>
                <p class="muted">{ "Your account includes a workspace for your agents." }</p>
                { register_form(&auth, None, None, on_token) }
            </>
        },
        Registration::Invite => html! {
            <p class="muted">{ "Registration requires an invitation. Ask an owner of a workspace for one, and open its link." }</p>
        },
        Registration::Closed => html! {
            <p class="muted">{ "Registration is closed. Ask the operator of this server for an account." }</p>
        },
    });
    let below = html! {
        <p>{ "Already have an account? " }<RouteLink to={Route::Login} {query}>{ "Log in" }</RouteLink></p>
    };
    alone("Create an account".to_owned(), content, below)
}

/// Renders the registration form: with a new workspace, or with an `invitation`. A given `email` is fixed.
pub fn register_form(
    auth: &Auth,
    invitation: Option<String>,
    email: Option<String>,
    on_token: Callback<TokenResponse>,
) -> Html {
    let mut fields = vec![
        FormField {
            autocomplete: "name",
            autofocus: true,
            ..FormField::text("full_name", "Your name", "Your name")
        },
        FormField::email(email),
    ];
    if invitation.is_none() {
        fields.push(FormField {
            autocomplete: "organization",
            placeholder: "Acme agents",
            ..FormField::text("workspace_name", "Workspace name", "The workspace name")
        });
    }
    fields.extend(FormField::new_password("password", "Password"));
    let client = auth.client();
    let on_submit = Callback::from(move |values: FormValues| {
        let request = RegisterRequest {
            email: values.text("email"),
            password: values.text("password"),
            full_name: values.text("full_name"),
            workspace_name: values.text("workspace_name"),
            invitation: invitation.clone(),
        };
        let errors = values.check_confirmation("password", request.validate());
        let (client, on_token) = (client.clone(), on_token.clone());
        checked(errors, || {
            ApiRequest::from_future(register(client, request)).on_success(move |token| on_token.emit(token))
        })
    });
    html! { <RequestForm {fields} action="Create account" button="primary wide" {on_submit} /> }
}

/// Creates the account and logs in.
async fn register(client: Client, request: RegisterRequest) -> Result<TokenResponse, ApiError> {
    client.register(&request).await.map_err(|error| match error {
        ApiError::Rejected(body) if body.code == ErrorCode::EmailTaken => {
            let fields = vec![FieldError::new("email", "is already registered")];
            ApiError::Rejected(ErrorBody { fields, ..body })
        }
        other => other,
    })?;
    client.login(&LoginRequest { email: request.email, password: request.password, invitation: None }).await
}
