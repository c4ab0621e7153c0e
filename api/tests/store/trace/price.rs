//! Workspaces' own prices, and pricings anew as far as the store knows of them.

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

pub async fn a_price_comes_back_as_it_was_given_to_its_own_workspace(store: &PriceStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    // 0.1 has no exact value in binary: it comes back as it was.
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

pub async fn a_price_of_the_same_model_and_provider_takes_the_other_s_place(store: &PriceStore) {
    let workspace_id = Uuid::new_v4();
    let first = price("gpt-4o", Some("azure"), 1.0);
    store.create_price(workspace_id, &first).await.unwrap();
    store.create_price(workspace_id, &price("gpt-4o", None, 2.0)).await.unwrap();
    // By another name of the same provider, and in other letters.
    let again = Price { updated_at: at(5), ..price("GPT-4o", Some("az.ai.openai"), 3.0) };
    let kept = Price { id: first.id, ..again.clone() };
    assert_eq!(store.create_price(workspace_id, &again).await.unwrap(), PriceOutcome::Replaced(kept.clone()));
    let prices = store.list_prices(workspace_id).await.unwrap();
    assert_eq!(prices.len(), 2);
    assert!(prices.contains(&kept), "{prices:?}");
}

pub async fn a_workspace_has_so_many_prices_and_may_replace_each(store: &PriceStore) {
    let workspace_id = Uuid::new_v4();
    let all: Vec<_> = (0..limit::PRICES).map(|number| price(&format!("m{number}"), None, 1.0)).collect();
    assert_eq!(store.restore_prices(workspace_id, &all).await.unwrap(), 1_000);
    assert_eq!(store.restore_prices(workspace_id, &all).await.unwrap(), 0);
    let kept = store.create_price(workspace_id, &price("one-more", None, 1.0)).await.unwrap();
    assert_eq!(kept, PriceOutcome::TooMany);
    let kept = store.create_price(workspace_id, &price("m7", None, 2.0)).await.unwrap();
    assert!(matches!(kept, PriceOutcome::Replaced(_)), "{kept:?}");
    let elsewhere = store.create_price(Uuid::new_v4(), &price("one-more", None, 1.0)).await.unwrap();
    assert!(matches!(elsewhere, PriceOutcome::Created(_)), "{elsewhere:?}");
}

fn place(number: i64) -> Option<Cursor> {
    Some(Cursor { timestamp: at(number), id: number })
}

fn window(start: i64) -> RepriceRequest {
    RepriceRequest { start: at(start), end: at(start + 100) }
}

pub async fn a_pricing_of_a_window_is_begun_once_while_it_is_under_way(store: &JobStore) {
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
    for start in 2..limit::REPRICES_AT_ONCE as i64 {
        assert!(store.create_reprice(mine, window(1_000 + start), at(503)).await.unwrap().is_some());
    }
    assert_eq!(store.create_reprice(mine, window(2_000), at(504)).await.unwrap(), None);
    assert_eq!(store.create_reprice(mine, window(0), at(504)).await.unwrap().unwrap(), first);
}

pub async fn a_pricing_is_one_worker_s_until_its_lease_is_over(store: &JobStore) {
    let workspace_id = Uuid::new_v4();
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    assert_eq!(store.lease_reprice(first, at(0), at(10)).await.unwrap(), None);
    let asked = store.create_reprice(workspace_id, window(0), at(0)).await.unwrap().unwrap();
    let turn = store.lease_reprice(first, at(0), at(10)).await.unwrap().unwrap();
    assert_eq!((&turn.reprice, turn.workspace_id, turn.last), (&asked, workspace_id, None));
    assert_eq!(store.lease_reprice(second, at(9), at(19)).await.unwrap(), None);

    let step = RepriceStep { last: place(40), seen: 5, changed: 3, finished_at: None, leased_until: at(20) };
    assert!(store.record_reprice_step(&turn, step).await.unwrap());
    assert_eq!(store.lease_reprice(second, at(19), at(29)).await.unwrap(), None);
    let over = store.lease_reprice(second, at(20), at(30)).await.unwrap().unwrap();
    assert_eq!((over.last, over.reprice.traces_seen, over.reprice.traces_changed), (place(40), 5, 3));
    // The first one wakes up: it is not its work any more.
    assert!(!store.record_reprice_step(&turn, step).await.unwrap());

    let done =
        RepriceStep { last: place(60), seen: 2, changed: 0, finished_at: Some(at(25)), leased_until: at(35) };
    assert!(store.record_reprice_step(&over, done).await.unwrap());
    assert!(!store.record_reprice_step(&over, done).await.unwrap());
    assert_eq!(store.lease_reprice(first, at(99), at(109)).await.unwrap(), None);
    let listed = store.list_reprices(workspace_id).await.unwrap().items;
    assert_eq!(
        (listed[0].traces_seen, listed[0].traces_changed, listed[0].finished_at),
        (7, 3, Some(at(25)))
    );
    // What is done may be begun again.
    let next = store.create_reprice(workspace_id, window(0), at(40)).await.unwrap().unwrap();
    assert_ne!(next.id, asked.id);
}

pub async fn many_who_want_a_pricing_share_it_out_one_gets_it(store: &JobStore) {
    store.create_reprice(Uuid::new_v4(), window(0), at(0)).await.unwrap();
    let takers = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            store.lease_reprice(Uuid::new_v4(), at(0), at(0) + Duration::from_secs(9)).await
        })
    });
    let mut taken = 0;
    for taker in takers.collect::<Vec<_>>() {
        taken += usize::from(taker.await.unwrap().unwrap().is_some());
    }
    assert_eq!(taken, 1);
}
