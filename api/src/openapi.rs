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
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{
    gateway::{account, api_key},
    health,
    ingestion::{otlp::http as otlp, rest},
    query::{activity, alert, alert_channel, alert_rule, chart, kpi, price, reprice, session, span, trace},
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
        activity::list, trace::list, trace::get, span::get, span::search, session::list_sessions,
        session::get_session, session::list_end_users, session::get_end_user, price::list, price::create,
        price::delete, price::lookup, reprice::list, reprice::create, health::health, health::ready, health::metrics,
    ),
    // utoipa finds the schemas of bodies, but not those of parameters and of the shared error responses.
    components(schemas(AlertStateFilter, Dimension, ErrorBody, Metric, Severity, TraceStatus)),
    modifiers(&SecuritySchemes, &ErrorResponses)
)]
pub struct ApiDoc;

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
    }
}

/// Adds the error responses that operations have in common. Handlers declare only other errors, and those with a more
/// specific description.
struct ErrorResponses;

impl Modify for ErrorResponses {
    fn modify(&self, document: &mut Document) {
        // The errors of OTLP have another body.
        let paths = document.paths.paths.iter_mut().filter(|(path, _)| path.starts_with("/api/"));
        for (_, item) in paths {
            let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                for (status, description) in common_errors(operation) {
                    let responses = &mut operation.responses.responses;
                    responses.entry(status.to_owned()).or_insert_with(|| error_response(description));
                }
            }
        }
    }
}

/// Returns the status and description of the error responses that follow from the security, parameters and body.
fn common_errors(operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let mut errors = Vec::new();
    if operation.security.as_ref().is_some_and(|security| !security.is_empty()) {
        errors.extend([
            ("401", "Missing or invalid credentials"),
            ("403", "An API key where a login is required, or the `workspace_id` of another workspace"),
            ("429", "Rate limit exceeded; retry after `Retry-After`"),
        ]);
    }
    let parameters = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter),
        _ => None,
    });
    if parameters.clone().next().is_some() {
        errors.push(("400", "The query is invalid"));
    }
    if parameters.clone().any(is_bounded) {
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
