//! Sessions and end users: totals of their traces, and the traces page by page.

use std::collections::BTreeMap;

use domain::trace::{cursor::Cursor, record::NewTrace};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::{
    Timestamp,
    session::{SessionDetail, SessionTotals},
};
use store::trace::{
    TraceStore,
    session::{SessionKind, SessionListRequest, SessionRequest},
};
use uuid::Uuid;

use test_support::property::check;
use test_support::{
    oracle,
    store_sample::{self, SESSIONS, START, USERS, always, plain},
};

const KINDS: [SessionKind; 2] = [SessionKind::Session, SessionKind::EndUser];

fn id_of(trace: &NewTrace, kind: SessionKind) -> Option<&str> {
    match kind {
        SessionKind::Session => trace.session_id.as_deref(),
        SessionKind::EndUser => trace.user_id.as_deref(),
    }
}

/// The totals of traces, computed by a plain loop.
fn totals(traces: &[&NewTrace]) -> SessionTotals {
    let sums = oracle::sums(traces.iter().copied());
    let mean = |sum: i64, count: i64, unit: f64| (count > 0).then(|| sum as f64 / count as f64 / unit);
    SessionTotals {
        traces: traces.len() as u64,
        errors: u64::try_from(sums.errors + sums.timeouts).unwrap(),
        tokens: u64::try_from(sums.tokens).unwrap(),
        cost_usd: sums.cost as f64 / 1e9,
        unpriced: traces.iter().map(|trace| u64::try_from(trace.unpriced).unwrap()).sum(),
        avg_latency_ms: mean(sums.latency, sums.requests, 1e3),
        avg_quality_score: mean(sums.quality, sums.scored, 1e6),
        first: traces.iter().map(|trace| trace.timestamp).min(),
        last: traces.iter().map(|trace| trace.timestamp).max(),
    }
}

/// Follows the cursors from the first page to the last. Every page contains the same totals.
async fn walk(store: &TraceStore, mut request: SessionRequest) -> Option<SessionDetail> {
    let mut whole: Option<SessionDetail> = None;
    loop {
        let page = store.session(&request).await.unwrap()?;
        assert!(page.items.len() <= request.limit as usize);
        let next = page.next_cursor.clone();
        whole = Some(match whole {
            None => page,
            Some(mut whole) => {
                assert_eq!((&whole.id, &whole.totals), (&page.id, &page.totals));
                whole.items.extend(page.items);
                whole
            }
        });
        let Some(next) = next else { return whole };
        request.after = Some(Cursor::decode(&next).unwrap());
    }
}

pub async fn sessions_and_end_users_read_page_by_page_equal_brute_force(store: &TraceStore) {
    let inputs = (store_sample::traces(0..=80), 1_usize..40, 1_u32..12);
    check(30, &inputs, async |(traces, batch, limit)| {
        let workspace_id = Uuid::new_v4();
        let mut traces = store_sample::named(traces, workspace_id);
        for trace in &mut traces {
            let (input, output) = (format!("in {}", trace.trace_id), json!({"of": trace.trace_id}));
            trace.payload = json!({"metadata": {"x": 1}, "input": input, "output": output}).to_string();
        }
        store_sample::write(store, &traces, batch).await;
        for (kind, ids) in [(SessionKind::Session, SESSIONS), (SessionKind::EndUser, USERS)] {
            for id in ids {
                let request = SessionRequest { workspace_id, kind, id: id.to_owned(), limit, after: None };
                let found = walk(store, request).await;
                let mut expected: Vec<(usize, &NewTrace)> =
                    traces.iter().enumerate().filter(|(_, trace)| id_of(trace, kind) == Some(id)).collect();
                prop_assert_eq!(found.is_some(), !expected.is_empty());
                let Some(found) = found else { continue };
                expected.sort_by_key(|(arrival, trace)| (trace.timestamp.as_micros(), *arrival));
                let mut expected: Vec<_> = expected.into_iter().map(|(_, trace)| trace).collect();
                if kind == SessionKind::EndUser {
                    expected.reverse();
                }
                prop_assert_eq!(&found.id, id);
                prop_assert_eq!(found.totals, totals(&expected));
                prop_assert_eq!(found.items.len(), expected.len());
                for (found, expected) in found.items.iter().zip(expected) {
                    prop_assert_eq!(&found.trace, &oracle::shown(expected));
                    let (input, output) =
                        (format!("in {}", expected.trace_id), json!({"of": expected.trace_id}));
                    prop_assert_eq!(
                        (&found.input, &found.output),
                        (&Some(Value::from(input)), &Some(output))
                    );
                    prop_assert!(!found.input_truncated && !found.output_truncated);
                }
            }
        }
        Ok(())
    });
}

pub async fn sessions_and_end_users_of_a_window_equal_brute_force(store: &TraceStore) {
    let question = (store_sample::cut(), 1_u32..5);
    let inputs = (store_sample::traces(0..=80), prop::collection::vec(question, 6));
    check(30, &inputs, async |(traces, questions)| {
        let workspace_id = Uuid::new_v4();
        let traces = store_sample::named(traces, workspace_id);
        store_sample::write(store, &traces, 40).await;
        for (cut, limit) in questions {
            let window = cut.window(&traces);
            for kind in KINDS {
                let mut expected: BTreeMap<&str, Vec<&NewTrace>> = BTreeMap::new();
                for trace in oracle::inside(&traces, window) {
                    if let Some(id) = id_of(trace, kind) {
                        expected.entry(id).or_default().push(trace);
                    }
                }
                let mut expected: Vec<_> =
                    expected.into_iter().map(|(id, traces)| (id.to_owned(), totals(&traces))).collect();
                // Most recently active first, then by id, since the sort is stable.
                expected.sort_by_key(|(_, totals)| std::cmp::Reverse(totals.last.map(Timestamp::as_micros)));
                let found =
                    store.sessions(&SessionListRequest { workspace_id, kind, window, limit }).await.unwrap();
                prop_assert_eq!(found.total, expected.len() as u64);
                expected.truncate(limit as usize);
                let found: Vec<_> = found.items.into_iter().map(|item| (item.id, item.totals)).collect();
                prop_assert_eq!(found, expected);
            }
        }
        Ok(())
    });
}

pub async fn a_session_belongs_to_one_workspace_and_one_kind(store: &TraceStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    let named = |workspace_id, id: &str, session: Option<&str>, user: Option<&str>| NewTrace {
        session_id: session.map(str::to_owned),
        user_id: user.map(str::to_owned),
        ..plain(workspace_id, id, START)
    };
    let traces = [
        named(mine, "t0", Some("x"), Some("y")),
        named(mine, "t1", None, Some("y")),
        named(other, "t2", Some("x"), Some("z")),
        named(other, "t3", Some("w"), None),
    ];
    store_sample::write(store, &traces, 4).await;
    let count = async |workspace_id, kind, id: &str| {
        let request = SessionRequest { workspace_id, kind, id: id.to_owned(), limit: 10, after: None };
        store.session(&request).await.unwrap().map(|session| (session.totals.traces, session.items.len()))
    };
    assert_eq!(count(mine, SessionKind::Session, "x").await, Some((1, 1)));
    assert_eq!(count(mine, SessionKind::EndUser, "y").await, Some((2, 2)));
    for (kind, id) in [
        (SessionKind::Session, "w"),
        (SessionKind::Session, "y"),
        (SessionKind::Session, "X"),
        (SessionKind::Session, ""),
        (SessionKind::Session, "%"),
        (SessionKind::EndUser, "z"),
        (SessionKind::EndUser, "' OR 1=1 --"),
    ] {
        assert_eq!(count(mine, kind, id).await, None, "{id}");
    }
    let ids = async |workspace_id, kind| {
        let request = SessionListRequest { workspace_id, kind, window: always(), limit: 10 };
        let found = store.sessions(&request).await.unwrap();
        assert_eq!(found.total, found.items.len() as u64);
        found.items.into_iter().map(|item| item.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(mine, SessionKind::Session).await, ["x"]);
    assert_eq!(ids(mine, SessionKind::EndUser).await, ["y"]);
    assert_eq!(ids(other, SessionKind::Session).await, ["w", "x"]);
    assert_eq!(ids(Uuid::new_v4(), SessionKind::EndUser).await, Vec::<String>::new());
}

/// Skipped on SQLite, whose sums are limited to 64 bits. Accepted values are too small to exceed them.
pub async fn sums_beyond_64_bits_saturate_if_the_engine_supports_them(store: &TraceStore) {
    if matches!(store.database(), store::database::Database::Sqlite { .. }) {
        return;
    }
    let workspace_id = Uuid::new_v4();
    let traces: Vec<_> = (0..3)
        .map(|number| NewTrace {
            latency: i64::MAX / 2,
            cost: Some(i64::MAX / 2),
            session_id: Some("s".to_owned()),
            ..plain(workspace_id, format!("t{number}"), START)
        })
        .collect();
    store_sample::write(store, &traces, 1).await;
    let kind = SessionKind::Session;
    let request = SessionRequest { workspace_id, kind, id: "s".to_owned(), limit: 1, after: None };
    let found = store.session(&request).await.unwrap().unwrap();
    assert_eq!((found.totals.traces, found.totals.cost_usd), (3, i64::MAX as f64 / 1e9));
    let request = SessionListRequest { workspace_id, kind, window: always(), limit: 1 };
    assert_eq!(store.sessions(&request).await.unwrap().items[0].totals, found.totals);
}
