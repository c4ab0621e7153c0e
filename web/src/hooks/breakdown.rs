//! The agents and models to choose from.

use std::time::Duration;

use shared::{metric::Dimension, time_range::TimeRange};
use yew::prelude::*;

use super::poll::use_poll;

/// Returns the names of at most `limit` agents or models with the most requests in `range`; none before they are loaded.
#[hook]
pub fn use_breakdown_keys(by: Dimension, range: TimeRange, interval: Duration, limit: u32) -> Vec<String> {
    let list = use_poll(range, interval, move |client, range| client.get_breakdown(by, range, limit)).data();
    list.iter().flat_map(|list| &list.items).filter_map(|item| item.key.clone()).collect()
}
