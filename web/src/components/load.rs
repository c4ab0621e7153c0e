//! The loading, error and ready states of every view.

use icondata_lu::{LuCloudOff, LuTriangleAlert};
use yew::prelude::*;

use super::{icon::svg_icon, message::message, time::RelativeTime};
use crate::hooks::Poll;

/// Renders a poll: `skeleton` until the first data arrives, then `ready` with the latest data, and a notice above it if
/// the last refresh failed.
pub fn view<T: 'static>(poll: &Poll<T>, skeleton: Html, ready: impl FnOnce(&T) -> Html) -> Html {
    let shown = poll.data().map(|data| ready(&data));
    match (shown, poll.error()) {
        (Some(shown), error) => html! {
            <>
                if error.is_some() { { stale(poll) } }
                <div class={classes!("ready", poll.is_outdated().then_some("outdated"))} aria-busy={poll.is_outdated().to_string()}>
                    { shown }
                </div>
            </>
        },
        (None, Some(error)) if !poll.is_loading() => {
            let retry = poll.on_refresh().reform(|_: MouseEvent| ());
            html! {
                <div role="alert">
                    { message(LuCloudOff, "Failed to load", html! { <>
                        <p>{ error.message() }</p>
                        <button type="button" class="button" onclick={retry}>{ "Retry" }</button>
                    </> }) }
                </div>
            }
        }
        _ => html! {
            <div aria-busy="true">
                <span class="visually-hidden" role="status">{ "Loading" }</span>
                { skeleton }
            </div>
        },
    }
}

fn stale<T>(poll: &Poll<T>) -> Html {
    let retry = poll.on_refresh().reform(|_: MouseEvent| ());
    let reason = poll.error().map(crate::api::ApiError::message);
    html! {
        <div class="stale" role="status" title={reason}>
            { svg_icon(LuTriangleAlert) }
            <span>
                { "Failed to refresh." }
                if let Some(at) = poll.updated_at() { { " Last updated " }<RelativeTime {at} /> }
            </span>
            <button type="button" class="link-button" onclick={retry} disabled={poll.is_loading()}>{ "Retry" }</button>
        </div>
    }
}

/// Renders `lines` grey lines as a placeholder for text.
pub fn skeleton_lines(lines: usize) -> Html {
    html! {
        <div class="skeleton-lines" aria-hidden="true">
            for _ in 0..lines {
                <span class="skeleton" />
            }
        </div>
    }
}

/// Renders a grey block as a placeholder for a chart or a card.
pub fn skeleton_block(class: &'static str) -> Html {
    html! { <div class={classes!("skeleton", class)} aria-hidden="true" /> }
}
