//! The description of the API, made from the handlers themselves, and its page.

use actix_web::{HttpResponse, middleware::DefaultHeaders};
use shared::{
    alert::Severity,
    metric::{Dimension, Metric},
    trace::TraceStatus,
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{
    gateway::{account, api_key},
    health,
    ingestion::{otlp::http as otlp, rest},
    query::{
        activity,
        alert::{self, StateFilter},
        alert_channel, alert_rule, chart, kpi, price, reprice, span, thread, trace,
    },
};

/// The OpenAPI 3.1 document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Agent Observability",
        description = "Traces of AI agents in; key figures, charts, alerts and every single run out.\n\nEvery error \
                       answers `{\"detail\": …, \"code\": …}`; 422 names the `fields`. Answers of workspaces carry \
                       `RateLimit-*` headers, cached ones `X-Cache`, and all of them `X-Request-Id`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        account::register, account::login, account::refresh, account::me, api_key::list, api_key::create, api_key::delete,
        rest::create, rest::create_batch, rest::create_score, otlp::export, kpi::home, chart::timeseries, chart::breakdown, alert::recent,
        alert::list, alert::one, alert::deliveries, alert::acknowledge, alert_rule::list, alert_rule::keep,
        alert_rule::one, alert_rule::change, alert_rule::remove, alert_rule::preview, alert_channel::list,
        alert_channel::keep, alert_channel::one, alert_channel::change, alert_channel::remove, alert_channel::test,
        alert_channel::deliveries, activity::stream, trace::list, trace::detail, span::one, span::search, thread::sessions, thread::session,
        thread::users, thread::user, price::list, price::keep, price::remove, price::lookup, reprice::list,
        reprice::begin, health::health, health::ready, health::metrics,
    ),
    // What only queries name: utoipa finds the schemas of bodies by itself.
    components(schemas(Dimension, Metric, Severity, StateFilter, TraceStatus)),
    modifiers(&SecuritySchemes)
)]
pub struct ApiDoc;

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let jwt = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key (ao_…), as a bearer token or in x-api-key; for sending only"))
            .build();
        components.add_security_scheme("jwt", SecurityScheme::Http(jwt));
        components.add_security_scheme("api_key", SecurityScheme::Http(key));
    }
}

/// Serves the document.
pub async fn document() -> HttpResponse {
    HttpResponse::Ok().json(ApiDoc::openapi())
}

/// What the page of the documentation may do: it styles itself inline.
#[must_use]
pub fn page_policy() -> DefaultHeaders {
    DefaultHeaders::new().add((
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ))
}
