//! The activity stream: one event per trace of the last hour.

use actix_web::web::Query;
use shared::{
    activity::{Activity, ActivityMetadata},
    limit,
    page::{ItemList, LimitQuery},
    time_range::TimeRange,
    trace::Trace,
};
use uuid::Uuid;

use super::cached::{Cached, CachedRequest, cached, page_limit};
use crate::{cache::CacheKey, error::ApiError};

/// Lists the activity of the last hour, newest first.
#[utoipa::path(
    get, path = "/api/v1/activity/stream", operation_id = "activity_list", tag = "Activity",
    params(LimitQuery),
    responses((status = 200, description = "The activity, and the total of the hour", body = ItemList<Activity>))
)]
pub async fn list(
    request: CachedRequest,
    query: Query<LimitQuery>,
) -> Result<Cached<ItemList<Activity>>, ApiError> {
    let limit = page_limit(query.limit, limit::ACTIVITY_DEFAULT)?;
    let workspace_id = request.workspace_id;
    cached(&request, CacheKey::activity(workspace_id, limit), async |app| {
        let window = TimeRange::Hour.window(app.clock.now());
        let recent = app.traces.recent(workspace_id, window, limit).await?;
        Ok(ItemList { items: recent.items.into_iter().map(activity).collect(), total: recent.total })
    })
    .await
}

fn activity(trace: Trace) -> Activity {
    Activity {
        // The id is derived from the trace, so that clients recognize an event in the next response.
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
