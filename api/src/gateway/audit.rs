//! The audit log: middleware that records successful changes, and the list for owners.

use std::time::Duration;

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse, Responder,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, header::LOCATION},
    middleware::Next,
    web::{Data, Json, Query},
};
use domain::error::chain;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::{
    access::Permission,
    audit::{Actor, ActorKind, AuditPage},
    auth::User,
    limit,
    time_range::{TimeRange, TimeRangeQuery},
};
use store::account::{AuditFilter, NewAuditEvent};
use uuid::Uuid;

use super::State;
use crate::{
    access::{self, Access},
    auth::identity::{Authentication, Identity, Login},
    error::ApiError,
    query::cached::page_limit,
};

/// The default number of events on a page.
const PAGE: u32 = 50;
/// Operations that change nothing that others see.
const NOT_RECORDED: [&str; 2] = ["token_refresh", "workspace_switch"];

/// Which events to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query, style = Form)]
pub struct AuditQuery {
    /// The action, such as `api_key.create`, or its noun.
    #[param(max_length = 256)]
    pub action: Option<String>,
    /// The id or the e-mail of the actor.
    #[param(max_length = 256)]
    pub actor: Option<String>,
    /// The maximum number of events: 1 to 100. Default: 50.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the previous page.
    #[param(min_length = 1, max_length = 1024)]
    pub cursor: Option<String>,
}

/// A response with further facts for the audit log.
#[derive(Debug)]
pub struct Details<R> {
    response: R,
    facts: Map<String, Value>,
}

impl<R> Details<R> {
    /// Adds facts to a response; empty values are left out.
    pub(super) fn new<const N: usize>(response: R, facts: [(&str, &str); N]) -> Self {
        let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
        Self { response, facts: facts.map(|(name, value)| (name.to_owned(), value.into())).collect() }
    }
}

impl<R: Responder> Responder for Details<R> {
    type Body = R::Body;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse<Self::Body> {
        let mut response = self.response.respond_to(request);
        response.extensions_mut().insert(self.facts);
        response
    }
}

/// Lists the audit log of the workspace, newest first.
#[utoipa::path(
    get, path = "/api/v1/audit", operation_id = "audit_event_list", tag = "Audit log",
    params(TimeRangeQuery, AuditQuery),
    responses((status = 200, description = "A page of events", body = AuditPage))
)]
pub async fn list(
    app: Data<State>,
    login: Login,
    range: Query<TimeRangeQuery>,
    query: Query<AuditQuery>,
) -> Result<Json<AuditPage>, ApiError> {
    let mut window = TimeRange::from_query(&range)?.window(app.clock.now());
    if range.end.is_none() {
        // Up to now, including what has just happened.
        window.end = window.end + Duration::from_micros(1);
    }
    let limit = page_limit(query.limit, PAGE)?;
    let after = query.cursor.as_deref().map(decode).transpose()?;
    let AuditQuery { action, actor, .. } = query.into_inner();
    for (name, value) in [("action", &action), ("actor", &actor)] {
        if value.as_ref().is_some_and(|value| value.contains('\0') || value.len() > limit::NAME_BYTES) {
            return Err(ApiError::BadRequest(format!("{name}: must have at most 256 bytes, and no NUL")));
        }
    }
    let filter =
        AuditFilter { workspace_id: login.workspace_id, window, action, actor, after, limit: limit + 1 };
    let mut items = app.accounts.list_audit_events(&filter).await?;
    let has_more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let last = items.last().filter(|_| has_more);
    let next_cursor = last.map(|last| format!("{}-{}", last.at.as_micros(), last.id.simple()));
    Ok(Json(AuditPage { items, next_cursor }))
}

fn decode(cursor: &str) -> Result<(shared::Timestamp, Uuid), ApiError> {
    let parts = cursor.split_once('-').and_then(|(at, id)| {
        Some((shared::Timestamp::from_micros(at.parse().ok()?), Uuid::parse_str(id).ok()?))
    });
    parts.ok_or_else(|| {
        ApiError::BadRequest("cursor: invalid; expected the next_cursor of a previous page".to_owned())
    })
}

/// Records requests that changed something: who, what, when and from where. Handlers that know further facts respond with
/// [`Details`]; what a request created is in its `Location`.
///
/// # Errors
/// Returns the errors of the request.
pub async fn record(
    app: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let operation = match *request.method() {
        Method::GET => None,
        _ => access::operation(&request),
    };
    let operation = operation.filter(|operation| {
        let changes = matches!(
            operation.access,
            Access::With(
                Permission::Account | Permission::Manage | Permission::Keys | Permission::Administer
            )
        );
        changes && !NOT_RECORDED.contains(&operation.id)
    });
    let Some(operation) = operation else { return next.call(request).await };
    let identity = request.extensions().get::<Authentication>().and_then(|found| found.clone().ok());
    let response = next.call(request).await?;
    if let Some(identity) = identity
        && response.status().is_success()
    {
        let http = response.request();
        let created = response.headers().get(LOCATION).and_then(|path| path.to_str().ok());
        let created = created.and_then(|path| path.rsplit('/').next()).map(str::to_owned);
        let parameter = http.match_info().iter().last().map(|(_, value)| value.to_owned());
        let facts = response.response().extensions().get::<Map<String, Value>>().cloned();
        app.write_audit(
            http,
            identity.workspace_id(),
            actor(&identity),
            &action(operation.id),
            created.or(parameter),
            facts.unwrap_or_default(),
        )
        .await;
    }
    Ok(response)
}

/// Converts the id of an operation: `api_key_create` is the action `api_key.create`.
fn action(id: &str) -> String {
    let id = id.strip_suffix("_all").unwrap_or(id);
    id.rsplit_once('_').map_or_else(|| id.to_owned(), |(noun, verb)| format!("{noun}.{verb}"))
}

fn actor(identity: &Identity) -> Actor {
    match identity {
        Identity::User(login) => {
            Actor { kind: ActorKind::User, id: Some(login.user_id), email: Some(login.email.to_string()) }
        }
        Identity::ApiKey(program) => Actor { kind: ActorKind::ApiKey, id: Some(program.key_id), email: None },
    }
}

impl State {
    /// Records what a person did who had no token yet.
    pub(super) async fn audit(&self, http: &HttpRequest, user: &User, action: &str, target: Option<String>) {
        let actor = Actor { kind: ActorKind::User, id: Some(user.id), email: Some(user.email.clone()) };
        self.write_audit(http, user.workspace_id, actor, action, target, Map::new()).await;
    }

    /// Records an event. The change has already happened, so a failure is only logged.
    async fn write_audit(
        &self,
        http: &HttpRequest,
        workspace_id: Uuid,
        actor: Actor,
        action: &str,
        target: Option<String>,
        details: Map<String, Value>,
    ) {
        let event = NewAuditEvent {
            workspace_id,
            at: self.clock.now(),
            actor,
            action: action.to_owned(),
            target,
            address: Some(self.proxies.client(http).to_string()),
            details,
        };
        if let Err(error) = self.accounts.create_audit_event(&event).await {
            tracing::error!(error = chain(&error), action, "audit event not recorded");
        }
    }
}
