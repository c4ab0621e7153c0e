//! The activity stream: the traces of the last hour as news.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Query},
};
use serde::Deserialize;
use shared::{
    activity::{Activity, ActivityMetadata},
    error::ErrorBody,
    limit,
    page::ItemList,
    time_range::TimeRange,
    trace::Trace,
};
use uuid::Uuid;

use super::{
    State,
    answer::{cached, page_limit},
};
use crate::{auth::identity::Login, cache::CacheKey, error::ApiError};

/// How much of the stream.
#[derive(Debug, Deserialize)]
pub struct StreamQuery {
    limit: Option<u32>,
}

/// What happened in the last hour, newest first, and how much it was in all.
#[utoipa::path(
    get, path = "/api/v1/activity/stream", tag = "Activity", security(("jwt" = [])),
    params(("limit" = Option<u32>, Query, description = "1–100, 50 where absent")),
    responses(
        (status = 200, description = "The activities", body = ItemList<Activity>),
        (status = 400, description = "The query cannot be read", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 422, description = "The limit is out of bounds", body = ErrorBody),
    )
)]
pub async fn stream(
    app: Data<State>,
    login: Login,
    request: HttpRequest,
    query: Query<StreamQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = page_limit(query.limit, limit::ACTIVITY_DEFAULT)?;
    let key = CacheKey::activity(login.workspace_id, limit);
    cached(&app, &request, key, async || {
        let window = TimeRange::Hour.window(app.clock.now());
        let recent = app.traces.recent(login.workspace_id, window, limit).await?;
        Ok(ItemList { items: recent.items.into_iter().map(activity).collect(), total: recent.total })
    })
    .await
}

fn activity(trace: Trace) -> Activity {
    Activity {
        // The same trace has the same id at every call, so that a client can tell old from new.
        id: Uuid::new_v5(&trace.workspace_id, trace.trace_id.as_bytes()),
        workspace_id: trace.workspace_id,
        trace_id: trace.trace_id,
        agent_id: trace.agent_id,
        action: "trace_ingested".to_owned(),
        status: trace.status,
        timestamp: trace.timestamp,
        metadata: ActivityMetadata {
            latency_ms: trace.latency_ms,
            model: trace.model,
            cost_usd: trace.cost_usd,
        },
    }
}
