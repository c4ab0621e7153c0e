//! Who may call each operation of the API. The table lists all operations by their OpenAPI ids; an operation that is missing
//! is denied. The role is checked before the body is read. `docs/access.md` shows the result for every kind of caller.

use std::{collections::HashMap, sync::LazyLock};

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
};
use shared::access::Permission;
use utoipa::OpenApi;

use crate::{
    auth::identity::{Authentication, CredentialError, Identity},
    error::ApiError,
    openapi::{self, ApiDoc},
    telemetry::request::RoutePattern,
};

/// What an operation requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// A caller with this permission.
    With(Permission),
}

/// An operation of the API.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The OpenAPI id: `noun_verb`.
    pub id: &'static str,
    /// What the operation requires.
    pub access: Access,
}

const fn public(id: &'static str) -> Operation {
    Operation { id, access: Access::Public }
}

const fn with(permission: Permission, id: &'static str) -> Operation {
    Operation { id, access: Access::With(permission) }
}

/// All operations.
pub const OPERATIONS: &[Operation] = &[
    public("account_create"),
    public("token_create"),
    public("login_options_get"),
    public("oidc_login_start"),
    public("oidc_login_finish"),
    public("oidc_token_create"),
    public("password_forget"),
    public("password_reset"),
    public("invitation_lookup"),
    public("alert_recipient_confirm"),
    with(Permission::Account, "token_refresh"),
    with(Permission::Account, "account_get"),
    with(Permission::Account, "account_update"),
    with(Permission::Account, "account_delete"),
    with(Permission::Account, "password_update"),
    with(Permission::Account, "login_session_list"),
    with(Permission::Account, "login_session_delete"),
    with(Permission::Account, "login_session_end"),
    with(Permission::Account, "login_session_end_all"),
    with(Permission::Account, "workspace_list"),
    with(Permission::Account, "workspace_create"),
    with(Permission::Account, "workspace_switch"),
    with(Permission::Account, "invitation_accept"),
    with(Permission::Account, "member_leave"),
    with(Permission::Administer, "workspace_update"),
    with(Permission::Administer, "member_list"),
    with(Permission::Administer, "member_update"),
    with(Permission::Administer, "member_delete"),
    with(Permission::Administer, "invitation_list"),
    with(Permission::Administer, "invitation_create"),
    with(Permission::Administer, "invitation_delete"),
    with(Permission::Administer, "audit_event_list"),
    with(Permission::Keys, "api_key_list"),
    with(Permission::Keys, "api_key_create"),
    with(Permission::Keys, "api_key_delete"),
    with(Permission::Send, "trace_create"),
    with(Permission::Send, "trace_batch_create"),
    with(Permission::Send, "score_create"),
    with(Permission::Send, "otlp_trace_create"),
    with(Permission::Manage, "alert_acknowledge"),
    with(Permission::Manage, "alert_channel_confirmation_create"),
    with(Permission::Manage, "alert_channel_create"),
    with(Permission::Manage, "alert_channel_delete"),
    with(Permission::Manage, "alert_channel_test"),
    with(Permission::Manage, "alert_channel_update"),
    with(Permission::Manage, "alert_rule_create"),
    with(Permission::Manage, "alert_rule_delete"),
    with(Permission::Manage, "alert_rule_update"),
    with(Permission::Manage, "price_create"),
    with(Permission::Manage, "price_delete"),
    with(Permission::Manage, "reprice_create"),
    with(Permission::Preview, "alert_rule_preview"),
    with(Permission::Read, "activity_list"),
    with(Permission::Read, "alert_channel_delivery_list"),
    with(Permission::Read, "alert_channel_get"),
    with(Permission::Read, "alert_channel_list"),
    with(Permission::Read, "alert_delivery_list"),
    with(Permission::Read, "alert_get"),
    with(Permission::Read, "alert_list"),
    with(Permission::Read, "alert_rule_get"),
    with(Permission::Read, "alert_rule_list"),
    with(Permission::Read, "breakdown_get"),
    with(Permission::Read, "end_user_get"),
    with(Permission::Read, "end_user_list"),
    with(Permission::Read, "home_kpis_get"),
    with(Permission::Read, "price_list"),
    with(Permission::Read, "price_lookup"),
    with(Permission::Read, "recent_alert_list"),
    with(Permission::Read, "reprice_list"),
    with(Permission::Read, "session_get"),
    with(Permission::Read, "session_list"),
    with(Permission::Read, "span_get"),
    with(Permission::Read, "span_search"),
    with(Permission::Read, "timeseries_get"),
    with(Permission::Read, "trace_get"),
    with(Permission::Read, "trace_list"),
];

/// The operations by path pattern and method.
static BY_ROUTE: LazyLock<HashMap<String, Vec<(Method, Operation)>>> = LazyLock::new(|| {
    let mut document = ApiDoc::openapi();
    let mut routes: HashMap<String, Vec<_>> = HashMap::new();
    for (method, path, id) in openapi::routes(&mut document) {
        if let Some(operation) = OPERATIONS.iter().find(|operation| operation.id == id) {
            routes.entry(path.to_owned()).or_default().push((method, *operation));
        }
    }
    // Paths that are not in the document: a trace with the id `batch`, and a trailing slash.
    for (method, path, of) in [
        (Method::GET, "/api/v1/traces/batch", "/api/v1/traces/{trace_id}"),
        (Method::POST, "/v1/traces/", "/v1/traces"),
    ] {
        if let Some(operation) = find(&routes, of, &method) {
            routes.entry(path.to_owned()).or_default().push((method, operation));
        }
    }
    routes
});

fn find(
    routes: &HashMap<String, Vec<(Method, Operation)>>,
    pattern: &str,
    method: &Method,
) -> Option<Operation> {
    routes.get(pattern)?.iter().find(|(known, _)| known == method).map(|(_, operation)| *operation)
}

/// The methods of each path pattern in the OpenAPI document.
static METHODS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let mut document = ApiDoc::openapi();
    let mut methods: HashMap<String, String> = HashMap::new();
    for (method, path, _) in openapi::routes(&mut document) {
        let methods = methods.entry(path.to_owned()).or_default();
        *methods = if methods.is_empty() { method.to_string() } else { format!("{methods}, {method}") };
    }
    methods
});

/// Returns the methods of a path pattern, for the `Allow` header.
#[must_use]
pub fn allowed_methods(pattern: &str) -> String {
    METHODS.get(pattern).cloned().unwrap_or_default()
}

/// The operation of a request, found by the first middleware that needs it.
#[derive(Clone, Copy)]
struct Found(Option<Operation>);

/// Returns the operation of a request, if the table has it.
#[must_use]
pub fn operation(request: &ServiceRequest) -> Option<Operation> {
    if let Some(found) = request.extensions().get::<Found>() {
        return found.0;
    }
    // A path without parameters is its own pattern; finding the pattern of a path takes longer than the rest of this.
    let own = find(&BY_ROUTE, request.path(), request.method());
    let pattern = if own.is_some() { Some(request.path().to_owned()) } else { request.match_pattern() };
    let operation =
        own.or_else(|| pattern.as_ref().and_then(|pattern| find(&BY_ROUTE, pattern, request.method())));
    if let Some(pattern) = pattern {
        request.extensions_mut().insert(RoutePattern(pattern));
    }
    request.extensions_mut().insert(Found(operation));
    operation
}

/// Checks that the caller has a permission.
///
/// # Errors
/// Returns 403 with what is missing.
pub fn require(identity: &Identity, permission: Permission) -> Result<(), ApiError> {
    if identity.permits(permission) {
        return Ok(());
    }
    Err(ApiError::Forbidden(match identity {
        Identity::User(_) => "Your role in this workspace does not permit this",
        Identity::ApiKey(_) => "The scopes of this API key do not permit this",
    }))
}

/// Rejects requests whose caller lacks the permission that the operation requires. Handlers of operations outside of the
/// table get no identity.
///
/// # Errors
/// Returns the errors of the request; a rejection is a response.
pub async fn authorize(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let rejection = match operation(&request).map(|operation| operation.access) {
        None => {
            let denied: Authentication = Err(CredentialError::Denied);
            request.extensions_mut().insert(denied);
            None
        }
        Some(Access::Public) => None,
        Some(Access::With(permission)) => {
            let extensions = request.extensions();
            let found = extensions.get::<Authentication>().unwrap_or(&Err(CredentialError::Missing));
            match found {
                Ok(identity) => require(identity, permission).err(),
                Err(error) => Some((*error).into()),
            }
        }
    };
    if let Some(error) = rejection {
        return Ok(request.into_response(error.error_response()).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}
