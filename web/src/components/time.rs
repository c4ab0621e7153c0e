//! Points in time, relative or exact.

use shared::{Timestamp, format};
use yew::prelude::*;

use crate::{
    hooks::use_now,
    intl::{self, Style},
};

/// Properties of [`RelativeTime`].
#[derive(Properties, PartialEq)]
pub struct TimeProps {
    /// The point in time.
    pub at: Timestamp,
}

/// Renders a relative time like `5 min ago` and keeps it current. The tooltip has the exact time.
#[component]
pub fn RelativeTime(props: &TimeProps) -> Html {
    let now = use_now(15);
    html! {
        <time datetime={props.at.to_string()} title={intl::date(props.at, Style::Full)}>{ format::ago(props.at, now) }</time>
    }
}

/// Renders the day, and the time to the second.
pub fn exact_time(at: Timestamp) -> Html {
    html! {
        <time datetime={at.to_string()} title={intl::date(at, Style::Full)}>
            { intl::date(at, Style::Exact) }
        </time>
    }
}

/// Renders the day with its year.
pub fn day(at: Timestamp) -> Html {
    html! {
        <time datetime={at.to_string()} title={intl::date(at, Style::Full)}>{ intl::date(at, Style::Date) }</time>
    }
}
