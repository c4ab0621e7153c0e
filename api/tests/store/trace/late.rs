//! Late data: TimescaleDB's aggregates contain an hour as of their last refresh. Results must be exact before and after the
//! next refresh.

use std::time::{Duration, Instant};

use api::clock::Clock;
use domain::trace::{
    record::{IncomingSpan, NewScore, NewTrace},
    usage::CostChange,
};
use proptest::{option, prelude::*, sample::Index};
use shared::{Timestamp, metric::Dimension, time_range::Window};
use store::trace::{
    Lifecycle, TraceStore,
    list::{ListRequest, TraceFilter},
};
use uuid::Uuid;

use super::incoming;
use test_support::{
    database::{Database, open_postgres, open_timescale},
    property::check,
};
use test_support::{
    oracle,
    store_sample::{self, AGENTS, DAY, HOUR, START, always, plain, window},
};

/// The next step: traces arrive, a trace is scored, or maintenance runs.
#[derive(Clone, Debug)]
enum Event {
    Traces(usize),
    Score(Index, i64),
    Maintain,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (1_usize..20).prop_map(Event::Traces),
        2 => (any::<Index>(), 0_i64..=100_000_000).prop_map(|(index, score)| Event::Score(index, score)),
        2 => Just(Event::Maintain),
    ]
}

/// Compares all reads from rollups by agent and model, and a list whose total is read from them.
async fn compare(
    store: &TraceStore,
    workspace_id: Uuid,
    traces: &[NewTrace],
    window: Window,
    step: Option<Duration>,
) -> Result<(), TestCaseError> {
    for group in [None, Some(Dimension::Agent), Some(Dimension::Model)] {
        let found = store.sums_by_group(workspace_id, window, step, group).await.unwrap();
        oracle::assert_groups(&found, traces, window, step, group)?;
    }
    let filter = TraceFilter { agent_id: Some(AGENTS[1].to_owned()), ..TraceFilter::default() };
    let expected = oracle::listed(traces, window, &filter);
    let request = ListRequest { filter, ..ListRequest::first(workspace_id, window, 5) };
    let page = store.list(&request).await.unwrap();
    prop_assert_eq!(page.total, expected.len() as u64);
    prop_assert_eq!(page.items, expected.into_iter().take(5).map(oracle::shown).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(timescale), ignore = "TimescaleDB is not installed")]
async fn late_traces_and_scores_count_immediately_and_after_every_refresh() {
    let database = open_timescale().await;
    let store = database.traces().await;
    let steps = option::of(prop::sample::select(vec![HOUR, DAY]));
    let cuts = prop::collection::vec((store_sample::cut(), steps), 3);
    let inputs = (store_sample::traces(10..=80), prop::collection::vec(event(), 3..12), cuts);
    check(12, &inputs, async |(traces, events, cuts)| {
        let workspace_id = Uuid::new_v4();
        let mut unsent = store_sample::named(traces, workspace_id);
        let mut stored: Vec<NewTrace> = Vec::new();
        for event in events {
            match event {
                Event::Traces(count) => {
                    let batch: Vec<_> = unsent.drain(..count.min(unsent.len())).collect();
                    store_sample::write(&store, &batch, 7).await;
                    stored.extend(batch);
                }
                Event::Score(..) if stored.is_empty() => {}
                Event::Score(index, score) => {
                    let index = index.index(stored.len());
                    stored[index].quality = Some(score);
                    store.score(&quality(&stored[index], score)).await.unwrap();
                }
                Event::Maintain => store.maintain(Clock::system().now()).await.unwrap(),
            }
            for (cut, step) in &cuts {
                let window = cut.window(&stored);
                let step = step.map(|micros| Duration::from_micros(micros.unsigned_abs()));
                compare(&store, workspace_id, &stored, window, step).await?;
            }
        }
        Ok(())
    });
    // A refresh fails while TimescaleDB's own job refreshes the same aggregate.
    let deadline = Instant::now() + Duration::from_secs(60);
    while database.count_in_traces("traces_stale").await > 0 {
        assert!(Instant::now() < deadline, "stale hours were not refreshed");
        store.maintain(Clock::system().now()).await.unwrap();
    }
    store.close().await;
}

fn quality(trace: &NewTrace, score: i64) -> NewScore {
    NewScore {
        workspace_id: trace.workspace_id,
        trace_id: trace.trace_id.clone(),
        name: "quality".to_owned(),
        score,
        comment: None,
        timestamp: trace.timestamp,
    }
}

/// Windows up to the current time. Older hours are refreshed, recent ones are not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(timescale), ignore = "TimescaleDB is not installed")]
async fn recent_days_are_exact_before_and_after_a_refresh() {
    let database = open_timescale().await;
    let store = database.traces().await;
    let workspace_id = Uuid::new_v4();
    let now = Clock::system().now().as_micros();
    let mut traces: Vec<_> = (0..400)
        .map(|n| NewTrace {
            agent_id: AGENTS[n as usize % 3].to_owned(),
            latency: n * 1000,
            ..plain(workspace_id, format!("t{n}"), now - (400 - n) * 17 * 60_000_000)
        })
        .collect();
    store_sample::write(&store, &traces, 100).await;
    let windows = [HOUR, 5 * HOUR, DAY, 2 * DAY, 30 * DAY].map(|length| window(now - length, now));
    for round in 0..3 {
        for window in windows {
            compare(&store, workspace_id, &traces, window, None).await.unwrap();
        }
        store.maintain(Timestamp::from_micros(now)).await.unwrap();
        for window in windows {
            compare(&store, workspace_id, &traces, window, None).await.unwrap();
        }
        for age in [1, HOUR, 3 * HOUR, 4 * HOUR, DAY, 3 * DAY] {
            let late = plain(workspace_id, format!("late {age} {round}"), now - age);
            store_sample::write(&store, std::slice::from_ref(&late), 1).await;
            traces.push(late);
        }
    }
    store.close().await;
}

/// Runs a query that returns lines of text.
async fn query_lines(database: &Database, query: &'static str) -> Vec<String> {
    let Database::Postgres { settings, .. } = database else { panic!("expected a database on a server") };
    let mut connection =
        <sqlx::PgConnection as sqlx::Connection>::connect(settings.url.expose()).await.unwrap();
    sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(timescale), ignore = "TimescaleDB is not installed")]
async fn timescale_has_a_hypertable_two_aggregates_and_policies_from_the_settings() {
    let database = open_timescale().await;
    let Database::Postgres { settings, .. } = &database else { panic!("expected a database on a server") };
    let days = |days: u64| Some(Duration::from_secs(days * 86_400));
    let passes = "SELECT config ->> 'buckets_per_batch' FROM timescaledb_information.jobs \
                  WHERE proc_name = 'policy_refresh_continuous_aggregate'";
    let policies = "SELECT proc_name || ' ' || COALESCE(config ->> 'drop_after', config ->> 'compress_after', \
                    config ->> 'end_offset') FROM timescaledb_information.jobs WHERE job_id >= 1000 ORDER BY 1";
    let refresh = ["policy_refresh_continuous_aggregate 03:00:00"; 2];
    for (retention, compress_after, others) in [
        (None, days(7), vec!["policy_compression 7 days"]),
        (days(30), None, vec!["policy_retention 31 days"; 3]),
        (days(30), None, vec!["policy_retention 31 days"; 3]),
        (days(90), days(1), [&["policy_compression 1 day"][..], &["policy_retention 91 days"; 3]].concat()),
        (None, None, vec![]),
    ] {
        let lifecycle = Lifecycle { retention, compress_after };
        TraceStore::open_postgres(settings, &lifecycle).await.unwrap().close().await;
        // Roles that only read may run without the settings.
        TraceStore::open_postgres_without_maintenance(settings).await.unwrap().close().await;
        let mut expected = [&others[..], &refresh].concat();
        expected.sort_unstable();
        assert_eq!(query_lines(&database, policies).await, expected);
    }
    assert_eq!(
        query_lines(
            &database,
            "SELECT hypertable_name::TEXT FROM timescaledb_information.hypertables ORDER BY 1"
        )
        .await,
        ["traces"]
    );
    assert_eq!(query_lines(&database, passes).await, ["0", "0"]);
    let aggregates = "SELECT view_name || ' ' || materialized_only \
                      FROM timescaledb_information.continuous_aggregates ORDER BY 1";
    assert_eq!(query_lines(&database, aggregates).await, ["traces_daily false", "traces_hourly false"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(timescale), ignore = "TimescaleDB is not installed")]
async fn late_spans_and_repricing_update_compressed_traces() {
    let database = open_timescale().await;
    let Database::Postgres { settings, .. } = &database else { panic!("expected a database on a server") };
    let lifecycle = Lifecycle { retention: None, compress_after: Some(Duration::from_secs(7 * 86_400)) };
    let store = TraceStore::open_postgres(settings, &lifecycle).await.unwrap();
    let workspace_id = Uuid::new_v4();
    let span = |trace_id: &str, id: &str, parent, micros, cost| {
        let mut span = incoming::plain(workspace_id, trace_id, id, parent);
        span.span.timestamp = Timestamp::from_micros(START + micros);
        (span.span.cost, span.span.basis, span.span.model) =
            (Some(cost), incoming::computed(), Some("gpt-4o".to_owned()));
        span
    };
    let mut traces: Vec<Vec<IncomingSpan>> =
        ["t0", "t1", "t2", "t3"].iter().map(|id| vec![span(id, "root", None, 5, 10)]).collect();
    for spans in &traces {
        store.write_spans(&spans.iter().collect::<Vec<_>>()).await.unwrap();
    }
    store.maintain(Clock::system().now()).await.unwrap();
    // The compression job may compress the chunk at the same time.
    let compress = "DO $$ BEGIN PERFORM compress_chunk(c, true) FROM show_chunks('traces') AS c; \
                    EXCEPTION WHEN duplicate_object THEN NULL; END $$";
    database.execute_in_traces(compress).await;
    let compressed = "SELECT chunk_name::TEXT FROM timescaledb_information.chunks \
                      WHERE hypertable_name = 'traces' AND is_compressed";
    assert_eq!(query_lines(&database, compressed).await.len(), 1);
    // A child, a root span that is weeks earlier, and another price.
    let late = [span("t0", "child", Some("root"), 9, 7), span("t1", "before", None, -30 * DAY, 3)];
    store.write_spans(&late.iter().collect::<Vec<_>>()).await.unwrap();
    let change = CostChange {
        trace_id: "t2".to_owned(),
        span_id: Some("root".to_owned()),
        cost: Some(99),
        basis: incoming::computed(),
    };
    assert_eq!(store.reprice(workspace_id, &[change]).await.unwrap(), 1);
    for (trace, span) in traces.iter_mut().zip(late) {
        trace.push(span);
    }
    traces[2][0].span.cost = Some(99);
    let traces: Vec<NewTrace> = traces.iter().filter_map(|spans| incoming::trace(spans, false)).collect();
    assert_eq!(
        traces.iter().map(|trace| trace.cost).collect::<Vec<_>>(),
        [Some(7), Some(13), Some(99), Some(10)]
    );
    for _ in 0..2 {
        compare(&store, workspace_id, &traces, always(), None).await.unwrap();
        assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap(), [oracle::sums(&traces)]);
        for trace in &traces {
            let detail = store.detail(workspace_id, &trace.trace_id).await.unwrap().unwrap();
            assert_eq!(detail.trace, oracle::shown(trace));
        }
        store.maintain(Clock::system().now()).await.unwrap();
    }
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retention_deletes_old_traces_with_all_their_rows() {
    let database = open_postgres().await;
    let Database::Postgres { settings, layout } = &database else {
        panic!("expected a database on a server")
    };
    let lifecycle = Lifecycle { retention: Some(Duration::from_secs(2 * 86_400)), ..Lifecycle::default() };
    let store = TraceStore::open_postgres_with_layout(settings, &lifecycle, *layout).await.unwrap();
    let workspace_id = Uuid::new_v4();
    let traces: Vec<_> =
        (0..120).map(|n| plain(workspace_id, format!("t{n}"), START + n * HOUR + 1)).collect();
    store_sample::write(&store, &traces, 24).await;
    store.score(&quality(&traces[1], 1)).await.unwrap();
    // Two traces of incoming spans on the first day, one of them pending, and a pending one on the fifth day.
    let span = |trace_id, span_id, parent, hour: i64| {
        let plain = incoming::plain(workspace_id, trace_id, span_id, parent);
        IncomingSpan { arrived: Timestamp::from_micros(START + hour * HOUR), ..plain }
    };
    for span in [
        span("assembled", "root", None, 1),
        span("assembled", "child", Some("root"), 2),
        span("expired", "child", Some("root"), 3),
        span("pending", "child", Some("root"), 100),
    ] {
        store.write_spans(&[&span]).await.unwrap();
    }
    assert_eq!(database.count_in_traces("waiting_traces").await, 2);
    // In the middle of the fifth day: traces that started on the third day or later are kept.
    store.maintain(Timestamp::from_micros(START + 4 * DAY + 5 * HOUR)).await.unwrap();
    let remaining = &traces[48..];
    assert_eq!(store.sums(workspace_id, &[always()]).await.unwrap(), [oracle::sums(remaining)]);
    compare(&store, workspace_id, remaining, always(), None).await.unwrap();
    let list = store.list(&ListRequest::first(workspace_id, always(), 100)).await.unwrap();
    assert_eq!((list.items.len(), list.total), (72, 72));
    assert!(store.detail(workspace_id, "t47").await.unwrap().is_none());
    assert!(store.detail(workspace_id, "t48").await.unwrap().is_some());
    for (table, rows) in [
        ("traces", 72),
        ("trace_keys", 73),
        ("scores", 0),
        ("payloads", 4),
        ("totals_daily", 3),
        ("spans", 1),
        ("waiting_traces", 1),
    ] {
        assert_eq!(database.count_in_traces(table).await, rows, "{table}");
    }
    store.close().await;
}
