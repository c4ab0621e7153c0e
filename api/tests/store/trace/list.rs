//! Lists of traces: offset pagination, cursor pagination, totals.

use domain::trace::{cursor::Cursor, record::NewTrace};
use proptest::{
    option,
    prelude::*,
    sample::Index,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use shared::{Timestamp, time_range::Window, trace::TraceStatus};
use store::trace::{
    TraceStore,
    list::{ListRequest, Start, TraceFilter},
};
use uuid::Uuid;

use test_support::property::check;
use test_support::{
    oracle,
    store_sample::{self, AGENTS, DAY, HOUR, MINUTE, MODELS, SESSIONS, START, USERS, always, plain, window},
};

/// Any filter: known names, an unknown one, and the empty model of traces without a model.
fn filter() -> impl Strategy<Value = TraceFilter> {
    let names = |known: [&'static str; 3], other: &'static str| {
        option::of(prop::sample::select([known.as_slice(), &[other]].concat()).prop_map(str::to_owned))
    };
    let status = option::of(prop::sample::select(TraceStatus::ALL.to_vec()));
    // Most lists filter by neither session nor end user.
    let rarely = |names| prop_oneof![3 => Just(None), 1 => names];
    let (session, user) = (rarely(names(SESSIONS, "")), rarely(names(USERS, "nobody")));
    (names(AGENTS, "nobody"), names(MODELS, ""), status, session, user).prop_map(
        |(agent_id, model, status, session_id, user_id)| TraceFilter {
            agent_id,
            model,
            status,
            session_id,
            user_id,
        },
    )
}

fn ids<'a>(traces: impl IntoIterator<Item = &'a NewTrace>) -> Vec<&'a str> {
    traces.into_iter().map(|trace| trace.trace_id.as_str()).collect()
}

pub async fn any_page_of_any_filter_equals_the_sorted_traces(store: &TraceStore) {
    let question = (store_sample::cut(), filter(), 1_u32..12, 0_u64..60);
    let inputs = (store_sample::traces(0..=120), 1_usize..60, prop::collection::vec(question, 24));
    check(30, &inputs, async |(traces, batch, questions)| {
        let workspace_id = Uuid::new_v4();
        let traces = store_sample::named(traces, workspace_id);
        store_sample::write(store, &traces, batch).await;
        for (cut, filter, limit, offset) in questions {
            let window = cut.window(&traces);
            let expected = oracle::listed(&traces, window, &filter);
            let request = ListRequest { workspace_id, window, filter, limit, from: Start::Offset(offset) };
            let page = store.list(&request).await.unwrap();
            let shown = expected.iter().skip(offset as usize).take(limit as usize);
            prop_assert_eq!(page.total, expected.len() as u64, "{:?}", request);
            prop_assert_eq!(
                page.items,
                shown.map(|trace| oracle::shown(trace)).collect::<Vec<_>>(),
                "{:?}",
                request
            );
            let more = expected.len() as u64 > offset + u64::from(limit);
            prop_assert_eq!(page.next.is_some(), more, "{:?}", request);
        }
        Ok(())
    });
}

/// Uses enough traces that the store searches for matches instead of scanning. Other properties use small workspaces.
pub async fn offset_and_cursor_pages_of_a_long_list_equal_the_sorted_traces(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let mut random = TestRunner::new(Config::default());
    let traces = store_sample::traces(4000..=4000).new_tree(&mut random).unwrap().current();
    let traces = store_sample::named(traces, workspace_id);
    store_sample::write(store, &traces, 500).await;
    // Sparse filters leave ranges without matches between ranges with matches.
    let offset = prop_oneof![2 => Just(0_u64), 2 => 1_u64..60, 1 => 60_u64..4000];
    let inputs = (store_sample::cut(), filter(), 1_u32..100, offset);
    check(300, &inputs, async |(cut, filter, limit, offset)| {
        let window = cut.window(&traces);
        let expected = oracle::listed(&traces, window, &filter);
        let request = ListRequest { workspace_id, window, filter, limit, from: Start::Offset(offset) };
        let page = store.list(&request).await.unwrap();
        let shown = expected.iter().skip(offset as usize).take(limit as usize);
        prop_assert_eq!(page.items, shown.map(|trace| oracle::shown(trace)).collect::<Vec<_>>());
        prop_assert_eq!(page.total, expected.len() as u64);
        let Some(cursor) = page.next else { return Ok(()) };
        let page = store.list(&ListRequest { from: Start::After(cursor), ..request }).await.unwrap();
        let shown = expected.iter().skip(offset as usize + limit as usize).take(limit as usize);
        prop_assert_eq!(page.items, shown.map(|trace| oracle::shown(trace)).collect::<Vec<_>>());
        Ok(())
    });
}

/// Follows the cursors from the first page to the last.
async fn walk(store: &TraceStore, mut request: ListRequest) -> (Vec<String>, Vec<Cursor>) {
    let (mut shown, mut cursors) = (Vec::new(), Vec::new());
    loop {
        let page = store.list(&request).await.unwrap();
        shown.extend(page.items.into_iter().map(|trace| trace.trace_id));
        assert!(page.total >= shown.len() as u64);
        let Some(cursor) = page.next else {
            assert_eq!(page.total, shown.len() as u64);
            return (shown, cursors);
        };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        cursors.push(cursor);
        request.from = Start::After(cursor);
    }
}

pub async fn cursor_pagination_returns_every_match_once_and_in_order(store: &TraceStore) {
    let question = (store_sample::cut(), store_sample::cut(), filter(), 1_u32..30, any::<Index>());
    let inputs = (store_sample::traces(1..=120), 1_usize..60, prop::collection::vec(question, 5));
    check(24, &inputs, async |(traces, batch, questions)| {
        let workspace_id = Uuid::new_v4();
        let traces = store_sample::named(traces, workspace_id);
        store_sample::write(store, &traces, batch).await;
        for (cut, other, filter, limit, chosen) in questions {
            let window = cut.window(&traces);
            let request = ListRequest { workspace_id, window, filter, limit, from: Start::Offset(0) };
            let (shown, cursors) = walk(store, request.clone()).await;
            let expected = oracle::listed(&traces, window, &request.filter);
            prop_assert_eq!(&shown, &ids(expected), "{:?}", request);
            // A cursor is valid in another window: it selects the traces after it in list order.
            if cursors.is_empty() {
                continue;
            }
            let page = chosen.index(cursors.len());
            let last = &shown[(page + 1) * limit as usize - 1];
            let all = oracle::listed(&traces, always(), &request.filter);
            let after = all.iter().skip_while(|trace| trace.trace_id != *last).skip(1).copied();
            let window = other.window(&traces);
            let expected: Vec<_> = ids(after.filter(|trace| window.contains(trace.timestamp)))
                .into_iter()
                .take(limit as usize)
                .collect();
            let request = ListRequest { window, from: Start::After(cursors[page]), ..request };
            let found = store.list(&request).await.unwrap();
            let found: Vec<_> = found.items.iter().map(|trace| trace.trace_id.as_str()).collect();
            prop_assert_eq!(found, expected, "{:?}", request);
        }
        Ok(())
    });
}

pub async fn a_page_beyond_the_end_is_empty_and_contains_the_total(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let traces: Vec<_> = (0..7).map(|n| plain(workspace_id, format!("t{n}"), START + n * HOUR)).collect();
    store_sample::write(store, &traces, 7).await;
    for filter in [
        TraceFilter::default(),
        TraceFilter { agent_id: Some(AGENTS[0].to_owned()), ..TraceFilter::default() },
    ] {
        for offset in [7, 8, 1_000_000, u64::MAX] {
            let request = ListRequest {
                filter: filter.clone(),
                from: Start::Offset(offset),
                ..ListRequest::first(workspace_id, always(), 50)
            };
            let page = store.list(&request).await.unwrap();
            assert_eq!((page.items, page.total, page.next), (vec![], 7, None), "{offset}");
        }
    }
    let before_all = Cursor { timestamp: Timestamp::from_micros(START), id: 0 };
    let request =
        ListRequest { from: Start::After(before_all), ..ListRequest::first(workspace_id, always(), 50) };
    let page = store.list(&request).await.unwrap();
    assert_eq!((page.items, page.total, page.next), (vec![], 7, None));
}

pub async fn finds_rare_matches_in_a_long_window_page_by_page(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let rare = |n: i64| n % 331 == 0;
    let traces: Vec<_> = (0..4000)
        .map(|n| NewTrace {
            status: if rare(n) { TraceStatus::Timeout } else { TraceStatus::Success },
            model: Some(MODELS[usize::from(rare(n))].to_owned()),
            ..plain(workspace_id, format!("t{n}"), START + n * 10 * MINUTE + n % 7)
        })
        .collect();
    store_sample::write(store, &traces, 500).await;
    let status = TraceFilter { status: Some(TraceStatus::Timeout), ..TraceFilter::default() };
    let model = TraceFilter { model: Some(MODELS[1].to_owned()), ..TraceFilter::default() };
    let both = TraceFilter { model: model.model.clone(), ..status.clone() };
    let neither = TraceFilter { status: Some(TraceStatus::Error), ..TraceFilter::default() };
    let window = window(START + 5, START + 28 * DAY + 1);
    for filter in [status, model, both, neither] {
        let expected = oracle::listed(&traces, window, &filter);
        let request = ListRequest { filter, ..ListRequest::first(workspace_id, window, 3) };
        let (shown, _) = walk(store, request.clone()).await;
        assert_eq!(shown, ids(expected.iter().copied()));
        for offset in 0..14 {
            let request = ListRequest { from: Start::Offset(offset), ..request.clone() };
            let page = store.list(&request).await.unwrap();
            let found: Vec<_> = page.items.iter().map(|trace| trace.trace_id.as_str()).collect();
            assert_eq!(found, ids(expected.iter().skip(offset as usize).take(3).copied()), "{request:?}");
            assert_eq!(page.total, expected.len() as u64);
        }
    }
}

pub async fn traces_with_the_same_start_are_listed_in_reverse_order_of_arrival(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    let traces: Vec<_> = (0..25).map(|n| plain(workspace_id, format!("t{n}"), START)).collect();
    store_sample::write(store, &traces, 4).await;
    let moment = Window { start: traces[0].timestamp, end: Timestamp::from_micros(START + 1) };
    let (shown, _) = walk(store, ListRequest::first(workspace_id, moment, 4)).await;
    assert_eq!(shown, (0..25).rev().map(|n| format!("t{n}")).collect::<Vec<_>>());
    let recent = store.recent(workspace_id, moment, 2).await.unwrap();
    assert_eq!(recent.items.iter().map(|trace| trace.trace_id.as_str()).collect::<Vec<_>>(), ["t24", "t23"]);
    assert_eq!(recent.total, 25);
}

pub async fn the_newest_trace_is_the_one_with_the_latest_start(store: &TraceStore) {
    let workspace_id = Uuid::new_v4();
    store_sample::write(store, &[plain(Uuid::new_v4(), "another's", START + DAY)], 1).await;
    for (id, timestamp, newest) in
        [("a", START, START), ("b", START + 5, START + 5), ("c", START + 4, START + 5)]
    {
        store_sample::write(store, &[plain(workspace_id, id, timestamp)], 1).await;
        assert_eq!(store.newest(workspace_id).await.unwrap(), Some(Timestamp::from_micros(newest)));
    }
}
