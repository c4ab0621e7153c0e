//! Moments: how long ago, with the exact time for who wants it.

use shared::Timestamp;
use yew::prelude::*;

use crate::{
    format,
    hooks::use_now,
    intl::{self, Style},
};

/// Properties of [`RelativeTime`].
#[derive(Properties, PartialEq)]
pub struct TimeProps {
    /// The moment.
    pub at: Timestamp,
}

/// `5 min ago`, which stays true.
#[component]
pub fn RelativeTime(props: &TimeProps) -> Html {
    let now = use_now(15);
    html! {
        <time datetime={props.at.to_string()} title={intl::date(props.at, Style::Full)}>{ format::ago(props.at, now) }</time>
    }
}

/// Day, and time to the second.
pub fn exact_time(at: Timestamp) -> Html {
    html! {
        <time datetime={at.to_string()} title={intl::date(at, Style::Full)}>
            { intl::date(at, Style::Exact) }
        </time>
    }
}
