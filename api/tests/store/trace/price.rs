//! Prices of workspaces, and reprice jobs.

use std::time::Duration;

use domain::trace::cursor::Cursor;
use shared::{
    Timestamp, limit,
    price::{Price, PriceRequest, RepriceRequest},
};
use store::{
    job::{JobStore, RepriceStep},
    price::{PriceOutcome, PriceStore},
};
use uuid::Uuid;

use test_support::store_sample::START;

fn price(model: &str, provider: Option<&str>, input: f64) -> Price {
    Price {
        id: Uuid::new_v4(),
        price: PriceRequest {
            model: model.to_owned(),
            provider: provider.map(str::to_owned),
            input_usd_per_million: input,
            output_usd_per_million: input * 4.0,
            cache_read_usd_per_million: Some(input / 10.0),
            cache_write_usd_per_million: None,
        },
        updated_at: at(0),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(START + seconds * 1_000_000)
}

pub async fn returns_a_price_unchanged_only_to_its_own_workspace(store: &PriceStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    // 0.1 has no exact binary value and must be returned unchanged.
    let (b, a) = (price("b", None, 0.1), price("a", Some("Azure"), 1e6));
    for price in [&b, &a] {
        assert_eq!(store.create_price(mine, price).await.unwrap(), PriceOutcome::Created(price.clone()));
    }
    assert_eq!(store.list_prices(mine).await.unwrap(), [a.clone(), b.clone()]);
    assert_eq!(store.list_prices(other).await.unwrap(), []);
    assert!(!store.delete_price(other, a.id).await.unwrap());
    assert!(store.delete_price(mine, a.id).await.unwrap());
    assert!(!store.delete_price(mine, a.id).await.unwrap());
    assert_eq!(store.list_prices(mine).await.unwrap(), [b]);
}

pub async fn replaces_a_price_of_the_same_model_and_provider(store: &PriceStore) {
    let workspace_id = Uuid::new_v4();
    let first = price("gpt-4o", Some("azure"), 1.0);
    store.create_price(workspace_id, &first).await.unwrap();
    store.create_price(workspace_id, &price("gpt-4o", None, 2.0)).await.unwrap();
    // An alias of the same provider, in another case.
    let again = Price { updated_at: at(5), ..price("GPT-4o", Some("az.ai.openai"), 3.0) };
    let replaced = Price { id: first.id, ..again.clone() };
    assert_eq!(
        store.create_price(workspace_id, &again).await.unwrap(),
        PriceOutcome::Replaced(replaced.clone())
    );
    let prices = store.list_prices(workspace_id).await.unwrap();
    assert_eq!(prices.len(), 2);
    assert!(prices.contains(&replaced), "{prices:?}");
}

pub async fn limits_the_prices_of_a_workspace_and_allows_replacements(store: &PriceStore) {
    let workspace_id = Uuid::new_v4();
    let all: Vec<_> = (0..limit::PRICES).map(|number| price(&format!("m{number}"), None, 1.0)).collect();
    assert_eq!(store.restore_prices(workspace_id, &all).await.unwrap(), 1_000);
    assert_eq!(store.restore_prices(workspace_id, &all).await.unwrap(), 0);
    let outcome = store.create_price(workspace_id, &price("one-more", None, 1.0)).await.unwrap();
    assert_eq!(outcome, PriceOutcome::TooMany);
    let outcome = store.create_price(workspace_id, &price("m7", None, 2.0)).await.unwrap();
    assert!(matches!(outcome, PriceOutcome::Replaced(_)), "{outcome:?}");
    let elsewhere = store.create_price(Uuid::new_v4(), &price("one-more", None, 1.0)).await.unwrap();
    assert!(matches!(elsewhere, PriceOutcome::Created(_)), "{elsewhere:?}");
}

fn place(number: i64) -> Option<Cursor> {
    Some(Cursor { timestamp: at(number), id: number })
}

fn window(start: i64) -> RepriceRequest {
    RepriceRequest { start: at(start), end: at(start + 100) }
}

pub async fn creates_one_reprice_job_per_window_at_a_time(store: &JobStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    let first = store.create_reprice(mine, window(0), at(500)).await.unwrap().unwrap();
    assert_eq!((first.request, first.created_at, first.finished_at), (window(0), at(500), None));
    let again = store.create_reprice(mine, window(0), at(501)).await.unwrap().unwrap();
    assert_eq!(again, first);
    let others = store.create_reprice(other, window(0), at(501)).await.unwrap().unwrap();
    assert_ne!(others.id, first.id);
    let second = store.create_reprice(mine, window(7), at(502)).await.unwrap().unwrap();
    let listed = store.list_reprices(mine).await.unwrap();
    assert_eq!((listed.items, listed.total), (vec![second, first.clone()], 2));
    for start in 2..limit::CONCURRENT_REPRICES as i64 {
        assert!(store.create_reprice(mine, window(1_000 + start), at(503)).await.unwrap().is_some());
    }
    assert_eq!(store.create_reprice(mine, window(2_000), at(504)).await.unwrap(), None);
    assert_eq!(store.create_reprice(mine, window(0), at(504)).await.unwrap().unwrap(), first);
}

pub async fn one_worker_leases_a_reprice_job_until_the_lease_expires(store: &JobStore) {
    let workspace_id = Uuid::new_v4();
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    assert_eq!(store.lease_reprice(first, at(0), at(10)).await.unwrap(), None);
    let created = store.create_reprice(workspace_id, window(0), at(0)).await.unwrap().unwrap();
    let lease = store.lease_reprice(first, at(0), at(10)).await.unwrap().unwrap();
    assert_eq!((&lease.reprice, lease.workspace_id, lease.last), (&created, workspace_id, None));
    assert_eq!(store.lease_reprice(second, at(9), at(19)).await.unwrap(), None);

    let step = RepriceStep { last: place(40), seen: 5, changed: 3, finished_at: None, leased_until: at(20) };
    assert!(store.record_reprice_step(&lease, step).await.unwrap());
    assert_eq!(store.lease_reprice(second, at(19), at(29)).await.unwrap(), None);
    let second_lease = store.lease_reprice(second, at(20), at(30)).await.unwrap().unwrap();
    assert_eq!(
        (second_lease.last, second_lease.reprice.traces_seen, second_lease.reprice.traces_changed),
        (place(40), 5, 3)
    );
    // The first worker resumes after its lease has expired.
    assert!(!store.record_reprice_step(&lease, step).await.unwrap());

    let done =
        RepriceStep { last: place(60), seen: 2, changed: 0, finished_at: Some(at(25)), leased_until: at(35) };
    assert!(store.record_reprice_step(&second_lease, done).await.unwrap());
    assert!(!store.record_reprice_step(&second_lease, done).await.unwrap());
    assert_eq!(store.lease_reprice(first, at(99), at(109)).await.unwrap(), None);
    let listed = store.list_reprices(workspace_id).await.unwrap().items;
    assert_eq!(
        (listed[0].traces_seen, listed[0].traces_changed, listed[0].finished_at),
        (7, 3, Some(at(25)))
    );
    // A finished window may be repriced again.
    let next = store.create_reprice(workspace_id, window(0), at(40)).await.unwrap().unwrap();
    assert_ne!(next.id, created.id);
}

pub async fn one_of_several_workers_leases_a_reprice_job(store: &JobStore) {
    store.create_reprice(Uuid::new_v4(), window(0), at(0)).await.unwrap();
    let workers = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            store.lease_reprice(Uuid::new_v4(), at(0), at(0) + Duration::from_secs(9)).await
        })
    });
    let mut leased = 0;
    for worker_task in workers.collect::<Vec<_>>() {
        leased += usize::from(worker_task.await.unwrap().unwrap().is_some());
    }
    assert_eq!(leased, 1);
}
