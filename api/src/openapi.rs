//! The OpenAPI document, generated from the handlers, and the security policy of its page.

use actix_web::{middleware::DefaultHeaders, web::Json};
use shared::{
    alert::{AlertStateFilter, Severity},
    error::ErrorBody,
    metric::{Dimension, Metric},
    trace::TraceStatus,
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder, Schema,
        path::{Operation, Parameter, ParameterIn},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{
    gateway::{account, api_key},
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
        account::register, account::login, account::refresh, account::get, api_key::list, api_key::create,
        api_key::delete, rest::create, rest::create_batch, rest::create_score, otlp::export, kpi::get,
        chart::get_timeseries, chart::get_breakdown, alert::list_recent, alert::list, alert::get, alert::list_deliveries,
        alert::acknowledge, alert_rule::list, alert_rule::create, alert_rule::get, alert_rule::update,
        alert_rule::delete, alert_rule::preview, alert_channel::list, alert_channel::create, alert_channel::get,
        alert_channel::update, alert_channel::delete, alert_channel::test, alert_channel::list_deliveries,
        alert_recipient::resend, alert_recipient::confirm,
        activity::list, trace::list, trace::get, span::get, span::search, session::list_sessions,
        session::get_session, session::list_end_users, session::get_end_user, price::list, price::create,
        price::delete, price::lookup, reprice::list, reprice::create, health::health, health::ready, health::metrics,
    ),
    // utoipa finds the schemas of bodies, but not those of parameters and of the shared error responses.
    components(schemas(AlertStateFilter, Dimension, ErrorBody, Metric, Severity, TraceStatus)),
    modifiers(&SecuritySchemes, &ErrorResponses)
)]
pub struct ApiDoc;

/// The paths of the API that require no login.
const PUBLIC: [&str; 3] = ["/api/v1/auth/login", "/api/v1/auth/register", "/api/v1/alert-recipients/confirm"];

/// Describes the credentials. All operations of the API require a login, unless they declare other credentials.
struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let jwt = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key (ao_…), as a bearer token or in x-api-key; only for ingestion"))
            .build();
        components.add_security_scheme("jwt", SecurityScheme::Http(jwt));
        components.add_security_scheme("api_key", SecurityScheme::Http(key));
        for (path, operation) in operations(document) {
            if operation.security.is_none() && !PUBLIC.contains(&path.as_str()) {
                operation.security = Some(vec![SecurityRequirement::new::<_, _, &str>("jwt", [])]);
            }
        }
    }
}

/// Adds the error responses that operations have in common. Handlers declare only other errors, and those with a more
/// specific description.
struct ErrorResponses;

impl Modify for ErrorResponses {
    fn modify(&self, document: &mut Document) {
        for (_, operation) in operations(document) {
            for (status, description) in common_errors(operation) {
                let responses = &mut operation.responses.responses;
                responses.entry(status.to_owned()).or_insert_with(|| error_response(description));
            }
        }
    }
}

/// Returns the operations of the API with their paths. OTLP is not one of them; its errors have another body.
fn operations(document: &mut Document) -> impl Iterator<Item = (&String, &mut Operation)> {
    let paths = document.paths.paths.iter_mut().filter(|(path, _)| path.starts_with("/api/"));
    paths.flat_map(|(path, item)| {
        let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
        operations.into_iter().flatten().map(move |operation| (path, operation))
    })
}

/// The description of 404 for operations on one item, by tag.
const NOT_FOUND: [(&str, &str); 6] = [
    ("API keys", "API key not found"),
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
            ("403", "An API key where a login is required, or the `workspace_id` of another workspace"),
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

/// Returns the document.
pub async fn document() -> Json<Document> {
    Json(ApiDoc::openapi())
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

    use serde_json::Value;
    use shared::limit;

    use super::*;

    fn operations() -> Vec<Value> {
        let document = serde_json::to_value(ApiDoc::openapi()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        paths.values().flat_map(|path| path.as_object().unwrap().values()).cloned().collect()
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
