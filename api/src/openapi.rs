//! The OpenAPI document, generated from the handlers, and the security policy of its page.

use std::{
    collections::BTreeMap,
    io::Read,
    sync::{Arc, LazyLock},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{self, ContentEncoding, ContentType},
    },
    middleware::DefaultHeaders,
    web::{Bytes, Path},
};
use flate2::read::GzDecoder;
use shared::{
    access::{Permission, Role, Scope},
    alert::{AlertStateFilter, Severity},
    alert_channel::AlertChannelFields,
    error::ErrorBody,
    metric::{Dimension, Metric},
    trace::TraceStatus,
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, Object, ObjectBuilder, OneOfBuilder, OpenApi as Document, Ref, RefOr, Response,
        ResponseBuilder, Schema, Type,
        path::{Operation, Parameter, ParameterIn},
        schema::AdditionalProperties,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use utoipa_swagger_ui::Config;

use crate::{
    access::{Access, OPERATIONS},
    error::ApiError,
    gateway::{account, api_key, audit, invitation, login_session, member, oidc, password, workspace},
    health,
    ingestion::{otlp::http as otlp, rest},
    query::{
        activity, alert, alert_channel, alert_recipient, alert_rule, chart, kpi, price, reprice, session,
        span, trace,
    },
};

/// The OpenAPI 3.1 document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Agent Observability",
        description = "Ingests traces of AI agents, and returns KPIs, charts, alerts and single traces.\n\nEvery error \
                       response is `{\"detail\": …, \"code\": …}`; a 422 also has the invalid `fields`. Every response has an \
                       `X-Request-Id`, responses to authenticated requests have `RateLimit-*` headers, and cached responses \
                       have `X-Cache`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        account::register, account::login, account::refresh, account::get, account::update, account::delete,
        account::options, oidc::start, oidc::finish, oidc::create_token, password::update, password::forget, password::reset, login_session::list,
        login_session::delete, login_session::end, login_session::end_all, workspace::list, workspace::create,
        workspace::update, workspace::switch, member::list, member::update, member::delete, member::leave,
        invitation::list, invitation::create, invitation::delete, invitation::lookup, invitation::accept, audit::list,
        api_key::list, api_key::create, api_key::delete, rest::create, rest::create_batch, rest::create_score, otlp::export, kpi::get,
        chart::get_timeseries, chart::get_breakdown, alert::list_recent, alert::list, alert::get, alert::list_deliveries,
        alert::acknowledge, alert_rule::list, alert_rule::create, alert_rule::get, alert_rule::update,
        alert_rule::delete, alert_rule::preview, alert_channel::list, alert_channel::create, alert_channel::get,
        alert_channel::update, alert_channel::delete, alert_channel::test, alert_channel::list_deliveries,
        alert_recipient::resend, alert_recipient::confirm,
        activity::list, trace::list, trace::get, span::get, span::search, session::list_sessions,
        session::get_session, session::list_end_users, session::get_end_user, price::list, price::create,
        price::delete, price::lookup, reprice::list, reprice::create, health::health, health::ready, health::scrape::metrics,
    ),
    // utoipa finds the schemas of bodies, but not those of parameters and of the shared error responses.
    components(schemas(AlertChannelFields, AlertStateFilter, Dimension, ErrorBody, Metric, Severity, TraceStatus)),
    modifiers(&SecuritySchemes, &ErrorResponses, &StrictBodies)
)]
pub struct ApiDoc;

/// Describes the credentials, and which roles and scopes each operation requires.
struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let jwt = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key (ao_…), as a bearer token or in x-api-key, with one of the scopes"))
            .build();
        components.add_security_scheme("jwt", SecurityScheme::Http(jwt));
        components.add_security_scheme("api_key", SecurityScheme::Http(key));
        for (_, _, operation) in operations(document) {
            let id = operation.operation_id.as_deref().unwrap_or_default();
            let access = OPERATIONS.iter().find(|known| known.id == id).map(|known| known.access);
            if let Some(Access::With(permission)) = access {
                operation.security = Some(security(permission));
            }
        }
    }
}

/// Returns the roles and the scopes that have a permission.
fn security(permission: Permission) -> Vec<SecurityRequirement> {
    let roles = Role::ALL.into_iter().filter(|role| role.permits(permission)).map(Role::as_str);
    let scopes: Vec<_> =
        Scope::ALL.into_iter().filter(|scope| scope.permits(permission)).map(Scope::as_str).collect();
    let mut requirements = vec![SecurityRequirement::new("jwt", roles)];
    if !scopes.is_empty() {
        requirements.push(SecurityRequirement::new("api_key", scopes));
    }
    requirements
}

/// Adds the error responses that operations have in common. Handlers declare only other errors, and those with a more
/// specific description.
struct ErrorResponses;

impl Modify for ErrorResponses {
    fn modify(&self, document: &mut Document) {
        for (_, path, operation) in operations(document) {
            if !path.starts_with("/api/") {
                continue;
            }
            for (status, description) in common_errors(operation) {
                let responses = &mut operation.responses.responses;
                responses.entry(status.to_owned()).or_insert_with(|| error_response(description));
            }
        }
    }
}

/// Describes bodies that reject unknown fields, and those of merge patches: all fields are optional, and `null` resets a field.
struct StrictBodies;

impl Modify for StrictBodies {
    fn modify(&self, document: &mut Document) {
        let Some(components) = &mut document.components else { return };
        let schemas = &mut components.schemas;
        let bodies = [
            ("AlertRuleCreate", object(schemas, "AlertRuleRequest").map(strict)),
            ("AlertRulePatch", object(schemas, "AlertRuleRequest").map(merge_patch)),
            ("AlertChannelCreate", channel(schemas)),
            ("AlertChannelPatch", object(schemas, "AlertChannelFields").map(merge_patch)),
        ];
        for (name, body) in bodies {
            schemas.extend(body.map(|body| (name.to_owned(), RefOr::T(body))));
        }
        // Only the patch of its name is used.
        schemas.remove("AlertChannelFields");
        for (_, _, operation) in operations(document) {
            let body = match operation.operation_id.as_deref() {
                Some("alert_rule_create" | "alert_rule_preview") => "AlertRuleCreate",
                Some("alert_rule_update") => "AlertRulePatch",
                Some("alert_channel_create") => "AlertChannelCreate",
                Some("alert_channel_update") => "AlertChannelPatch",
                _ => continue,
            };
            let Some(RefOr::T(request)) = &mut operation.request_body else { continue };
            for content in request.content.values_mut() {
                if let RefOr::T(content) = content {
                    content.schema = Some(RefOr::Ref(Ref::from_schema_name(body)));
                }
            }
        }
    }
}

fn object(schemas: &BTreeMap<String, RefOr<Schema>>, name: &str) -> Option<Object> {
    match schemas.get(name)? {
        RefOr::T(Schema::Object(object)) => Some(object.clone()),
        _ => None,
    }
}

fn strict(mut schema: Object) -> Schema {
    schema.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    Schema::Object(schema)
}

/// Returns the schema of a patch of an object.
fn merge_patch(mut schema: Object) -> Schema {
    schema.required.clear();
    for property in schema.properties.values_mut() {
        let null = Schema::Object(ObjectBuilder::new().schema_type(Type::Null).build());
        let one_of = OneOfBuilder::new().item(property.clone()).item(null).build();
        *property = RefOr::T(Schema::OneOf(one_of));
    }
    strict(schema)
}

/// Returns one object per kind of channel. utoipa describes the common fields and those of the kind as two objects, neither of
/// which can exclude unknown fields.
fn channel(schemas: &BTreeMap<String, RefOr<Schema>>) -> Option<Schema> {
    let RefOr::T(Schema::AllOf(all)) = schemas.get("AlertChannelRequest")? else { return None };
    let common = all.items.iter().find_map(|item| match item {
        RefOr::T(Schema::Object(common)) => Some(common),
        _ => None,
    })?;
    let RefOr::T(Schema::OneOf(kinds)) = schemas.get("ChannelTarget")? else { return None };
    let mut request = OneOfBuilder::new().description(all.description.clone());
    for (index, kind) in kinds.items.iter().enumerate() {
        let RefOr::T(Schema::Object(kind)) = kind else { return None };
        let mut kind = kind.clone();
        // The first kind is the default.
        kind.required.retain(|name| index > 0 || name != "kind");
        kind.properties.extend(common.properties.clone());
        kind.required.extend(common.required.clone());
        request = request.item(strict(kind));
    }
    Some(Schema::OneOf(request.build()))
}

/// Returns the operations with their methods and paths.
fn operations(document: &mut Document) -> impl Iterator<Item = (Method, &String, &mut Operation)> {
    document.paths.paths.iter_mut().flat_map(|(path, item)| {
        let operations = [
            (Method::GET, &mut item.get),
            (Method::POST, &mut item.post),
            (Method::PUT, &mut item.put),
            (Method::PATCH, &mut item.patch),
            (Method::DELETE, &mut item.delete),
        ];
        operations
            .into_iter()
            .filter_map(move |(method, operation)| Some((method, path, operation.as_mut()?)))
    })
}

/// Returns the method, the path and the id of every operation.
pub fn routes(document: &mut Document) -> impl Iterator<Item = (Method, &String, &str)> {
    operations(document).map(|(method, path, operation)| {
        (method, path, operation.operation_id.as_deref().unwrap_or_default())
    })
}

/// The description of 404 for operations on one item, by tag.
const NOT_FOUND: [(&str, &str); 9] = [
    ("API keys", "API key not found"),
    ("Invitations", "Invitation not found"),
    ("Members", "Member not found"),
    ("Workspaces", "Workspace not found"),
    ("Alert channels", "Alert channel not found"),
    ("Alert rules", "Alert rule not found"),
    ("Alerts", "Alert not found"),
    ("Prices", "Price not found"),
    ("Traces", "Trace not found"),
];

/// Returns the status and description of the error responses that follow from the tag, security, parameters and body.
fn common_errors(operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let mut errors = Vec::new();
    if operation.security.as_ref().is_some_and(|security| !security.is_empty()) {
        errors.extend([
            ("401", "Missing or invalid credentials"),
            ("403", "The role or the scopes do not permit this, or the `workspace_id` of another workspace"),
            ("429", "Rate limit exceeded; retry after `Retry-After`"),
        ]);
    }
    let parameters = |place: ParameterIn| {
        operation.parameters.iter().flatten().filter_map(move |parameter| match parameter {
            RefOr::T(parameter) if parameter.parameter_in == place => Some(parameter),
            _ => None,
        })
    };
    if parameters(ParameterIn::Path).next().is_some() {
        let is_of = |tag: &&str| operation.tags.iter().flatten().any(|own| own == tag);
        let not_found = NOT_FOUND.into_iter().find(|(tag, _)| is_of(tag));
        errors.extend(not_found.map(|(_, description)| ("404", description)));
    }
    if parameters(ParameterIn::Query).next().is_some() {
        errors.push(("400", "The query is invalid"));
    }
    if parameters(ParameterIn::Query).any(is_bounded) {
        errors.push(("422", "A parameter is out of range"));
    }
    if operation.request_body.is_some() {
        errors.extend([
            ("400", "The body is not valid JSON"),
            ("408", "The body was not received in time"),
            ("413", "The body is too large"),
            ("415", "The content type or encoding is not supported"),
            ("422", "Fields are invalid"),
        ]);
    }
    errors
}

/// Returns whether the schema of a parameter has a minimum.
fn is_bounded(parameter: &Parameter) -> bool {
    matches!(&parameter.schema, Some(RefOr::T(Schema::Object(schema)))
        if schema.minimum.is_some() || schema.min_length.is_some())
}

fn error_response(description: &str) -> RefOr<Response> {
    let body = Content::new(Some(Ref::from_schema_name("ErrorBody")));
    RefOr::T(ResponseBuilder::new().description(description).content("application/json", body).build())
}

/// Returns the document, which is built once.
///
/// # Errors
/// Returns 500 if it cannot be serialized.
pub async fn document() -> Result<HttpResponse, ApiError> {
    static DOCUMENT: LazyLock<Result<Bytes, serde_json::Error>> =
        LazyLock::new(|| serde_json::to_vec(&ApiDoc::openapi()).map(Bytes::from));
    let document = DOCUMENT.as_ref().map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(document.clone()))
}

/// Returns a file of the documentation page. They are embedded compressed.
///
/// # Errors
/// Returns 404 if the file does not exist.
pub async fn page(request: HttpRequest, file: Path<String>) -> Result<HttpResponse, ApiError> {
    let file = utoipa_swagger_ui::serve(&file, Arc::new(Config::from("/openapi.json")))
        .map_err(|error| ApiError::internal(error.to_string()))?
        .ok_or(ApiError::NotFound("File not found"))?;
    let mut response = HttpResponse::Ok();
    response.content_type(file.content_type);
    if !file.gzpipped {
        return Ok(response.body(file.bytes.into_owned()));
    }
    response.insert_header((header::VARY, "Accept-Encoding"));
    let accepted = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("gzip")) {
        return Ok(response.insert_header(ContentEncoding::Gzip).body(file.bytes.into_owned()));
    }
    let mut plain = Vec::new();
    GzDecoder::new(&*file.bytes).read_to_end(&mut plain).map_err(ApiError::internal)?;
    Ok(response.body(plain))
}

/// Returns the security policy of the documentation page, which has inline styles.
#[must_use]
pub fn page_policy() -> DefaultHeaders {
    DefaultHeaders::new().add((
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::collections::BTreeSet;

    use actix_web::body::MessageBody;
    use serde_json::Value;
    use shared::limit;

    use super::*;

    fn operations() -> Vec<Value> {
        let document = serde_json::to_value(ApiDoc::openapi()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        paths.values().flat_map(|path| path.as_object().unwrap().values()).cloned().collect()
    }

    #[actix_web::test]
    async fn the_document_is_built_once() {
        let body = async || document().await.unwrap().into_body().try_into_bytes().unwrap();
        assert_eq!(body().await.as_ptr(), body().await.as_ptr());
    }

    #[test]
    fn every_operation_has_a_unique_id() {
        let operations = operations();
        let ids: BTreeSet<_> =
            operations.iter().map(|operation| operation["operationId"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), operations.len());
        assert!(ids.iter().all(|id| id.contains('_')), "{ids:?}");
    }

    #[test]
    fn every_limit_is_documented_with_its_bounds() {
        let operations = operations();
        let parameters = operations.iter().filter_map(|operation| operation["parameters"].as_array());
        let limits: Vec<_> = parameters.flatten().filter(|parameter| parameter["name"] == "limit").collect();
        assert!(!limits.is_empty());
        for parameter in limits {
            assert_eq!(
                (parameter["in"].as_str(), parameter["required"].as_bool()),
                (Some("query"), Some(false))
            );
            let bounds =
                [&parameter["schema"]["minimum"], &parameter["schema"]["maximum"]].map(Value::as_f64);
            assert_eq!(bounds, [Some(1.0), Some(f64::from(limit::PAGE_ITEMS))], "{parameter}");
        }
    }

    #[test]
    fn every_authenticated_operation_documents_missing_credentials() {
        for operation in operations() {
            let is_authenticated =
                operation["security"].as_array().is_some_and(|schemes| !schemes.is_empty());
            assert!(!is_authenticated || operation["responses"]["401"].is_object(), "{operation}");
        }
    }
}
