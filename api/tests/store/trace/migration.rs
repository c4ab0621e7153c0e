//! Migration of a database with data of the first version.

use domain::{alert::record::AlertFilter, trace::record::IncomingSpan};
use shared::{
    alert::{Alert, AlertState, Severity},
    alert_channel::{AlertChannel, AlertChannelRequest, ChannelTarget},
};
use store::alert::AlertStore;
use uuid::Uuid;

use super::{alert::alert, alert_rule::channel, incoming};
use test_support::database::{Database, open_timescale};
use test_support::{
    oracle,
    store_sample::{self, HOUR, START, always, plain},
};

/// Columns that later migrations added to traces and spans.
const TRACES: [&str; 5] = ["name", "assembly", "unpriced", "cost_basis", "price"];
const SPANS: [&str; 11] = [
    "model_provider",
    "tokens_cache_read",
    "tokens_cache_write",
    "tokens_reasoning",
    "cost_basis",
    "price",
    "agent_id",
    "service",
    "session_id",
    "user_id",
    "tags",
];

const ALERTS: [&str; 6] =
    ["rule_id", "group_key", "details", "acknowledged_at", "acknowledged_by", "resolved_at"];

/// Reverts the database to the schema of the first version.
async fn revert_to_first_version(database: &Database) {
    for index in ["traces_workspace_session_time", "traces_workspace_user_time"] {
        database.execute_in_traces(&format!("DROP INDEX {index}")).await;
    }
    for (table, columns) in [("traces", &TRACES[..]), ("spans", &SPANS)] {
        for column in columns {
            database.execute_in_traces(&format!("ALTER TABLE {table} DROP COLUMN {column}")).await;
        }
    }
    for index in ["alerts_open", "alerts_workspace_open"] {
        database.execute_in_traces(&format!("DROP INDEX {index}")).await;
    }
    for column in ALERTS {
        database.execute_in_traces(&format!("ALTER TABLE alerts DROP COLUMN {column}")).await;
    }
    for table in [
        "waiting_traces",
        "model_prices",
        "reprices",
        "alert_workspaces",
        "alert_rules",
        "alert_channels",
        "alert_deliveries",
        "alert_groups",
        "alert_recipients",
    ] {
        database.execute_in_traces(&format!("DROP TABLE {table}")).await;
    }
    let applied = match database {
        Database::Sqlite(_) => "_sqlx_migrations",
        Database::Postgres { .. } => "traces_migrations",
    };
    database.execute_in_traces(&format!("DELETE FROM {applied} WHERE version > 1")).await;
}

async fn migrates_all_data(database: &Database, compress: bool) {
    let workspace_id = Uuid::new_v4();
    let traces: Vec<_> = (0..50)
        .map(|n| {
            let mut trace = plain(workspace_id, format!("t{n}"), START + n * HOUR);
            let span = incoming::plain(workspace_id, "", "call", None).span;
            (trace.session_id, trace.spans) = (Some("s-17".to_owned()), vec![span]);
            trace
        })
        .collect();
    let store = database.traces().await;
    store_sample::write(&store, &traces, 20).await;
    let old = alert(workspace_id, Severity::Critical, 60);
    AlertStore::new(store.database()).insert_alerts(std::slice::from_ref(&old)).await.unwrap();
    store.close().await;
    let migrations = database.trace_migrations().await;
    revert_to_first_version(database).await;
    if compress {
        let compress = "SELECT compress_chunk(c, true) FROM show_chunks('traces') AS c";
        database.execute_in_traces(compress).await;
    }
    let store = database.traces().await;
    assert_eq!(database.trace_migrations().await, migrations);
    for trace in &traces {
        let detail = store.detail(workspace_id, &trace.trace_id).await.unwrap().unwrap();
        assert_eq!(detail.trace, oracle::shown(trace));
        assert_eq!(detail.spans.len(), 1);
    }
    assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap(), [oracle::sums(&traces)]);
    // Alerts stored before rules existed are resolved.
    let resolved =
        Alert { state: AlertState::Resolved, resolved_at: Some(old.alert.created_at), ..old.alert };
    assert_eq!(
        AlertStore::new(store.database())
            .list_alerts(workspace_id, AlertFilter::default(), 0, 10)
            .await
            .unwrap()
            .items,
        [resolved]
    );
    // The migrated database accepts new spans.
    let late: Vec<IncomingSpan> =
        ["t3", "new"].map(|id| incoming::plain(workspace_id, id, "late", None)).into();
    store.write_spans(&late.iter().collect::<Vec<_>>()).await.unwrap();
    assert_eq!(store.detail(workspace_id, "t3").await.unwrap().unwrap().spans.len(), 2);
    assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap()[0].requests, 51);
    store.close().await;
}

pub async fn migrates_a_database_of_the_first_version(database: &Database) {
    migrates_all_data(database, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(timescale), ignore = "TimescaleDB is not installed")]
async fn migrates_a_compressed_database_of_the_first_version() {
    migrates_all_data(&open_timescale().await, true).await;
}

pub async fn recipients_of_existing_channels_stay_confirmed(database: &Database) {
    let workspace_id = Uuid::new_v4();
    let store = database.traces().await;
    let alerts = AlertStore::new(store.database());
    let target =
        ChannelTarget::Email { to: vec!["Ada@example.com".to_owned(), "bob@example.com".to_owned()] };
    let email = |name: &str| {
        let channel = channel(name);
        AlertChannel { channel: AlertChannelRequest::new(name, target.clone()), ..channel }
    };
    alerts.create_channels(workspace_id, &[email("one"), email("two"), email("#odd")]).await.unwrap();
    store.close().await;
    database.execute_in_traces("UPDATE alert_channels SET channel = '{' WHERE channel LIKE '%#odd%'").await;
    database.execute_in_traces("DROP TABLE alert_recipients").await;
    let applied = match database {
        Database::Sqlite(_) => "_sqlx_migrations",
        Database::Postgres { .. } => "traces_migrations",
    };
    database.execute_in_traces(&format!("DELETE FROM {applied} WHERE version = 6")).await;
    let store = database.traces().await;
    let recipients = AlertStore::new(store.database()).list_recipients(workspace_id).await.unwrap();
    let confirmed: Vec<_> =
        recipients.iter().map(|one| (one.address.as_str(), one.confirmed_at.is_some())).collect();
    assert_eq!(confirmed, [("ada@example.com", true), ("bob@example.com", true)]);
    store.close().await;
}
