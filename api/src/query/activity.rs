//! The activity stream: one event per trace of the last hour.

use actix_web::{
    HttpRequest,
    web::{Data, Query},
};
use shared::{
    activity::{Activity, ActivityMetadata},
    limit,
    page::{ItemList, LimitQuery},
    time_range::TimeRange,
    trace::Trace,
};
use uuid::Uuid;

use super::{
    State,
    answer::{Cached, cached, page_limit},
};
use crate::{auth::identity::Login, cache::CacheKey, error::ApiError};

/// Lists the activity of the last hour, newest first.
#[utoipa::path(
    get, path = "/api/v1/activity/stream", operation_id = "activity_list", tag = "Activity", security(("jwt" = [])),
    params(LimitQuery),
    responses((status = 200, description = "The activity, and the total of the hour", body = ItemList<Activity>))
)]
pub async fn list(
    app: Data<State>,
    login: Login,
    request: HttpRequest,
    query: Query<LimitQuery>,
) -> Result<Cached<ItemList<Activity>>, ApiError> {
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
        // Derived from the trace, so that clients recognize an event in the next response.
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
