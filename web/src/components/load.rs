//! Loading, failed and ready: the same three for every view.

use icondata_lu::{LuCloudOff, LuTriangleAlert};
use yew::prelude::*;

use super::{icon::svg_icon, message::message, time::RelativeTime};
use crate::hooks::Poll;

/// What a poll has to show: `skeleton` until there is something, then `ready` with the last good data, for as long as
/// there is any, and a word above it when that could not be brought up to date.
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
                    { message(LuCloudOff, "This could not be loaded", html! { <>
                        <p>{ error.message() }</p>
                        <button type="button" class="button" onclick={retry}>{ "Try again" }</button>
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
                { "Could not be brought up to date." }
                if let Some(at) = poll.updated_at() { { " Shown as of " }<RelativeTime {at} /> }
            </span>
            <button type="button" class="link-button" onclick={retry} disabled={poll.is_loading()}>{ "Retry" }</button>
        </div>
    }
}

/// `lines` grey lines, in the place of text that is on its way.
pub fn skeleton_lines(lines: usize) -> Html {
    html! {
        <div class="skeleton-lines" aria-hidden="true">
            for _ in 0..lines {
                <span class="skeleton" />
            }
        </div>
    }
}

/// A grey block, in the place of a chart or a card that is on its way.
pub fn skeleton_block(class: &'static str) -> Html {
    html! { <div class={classes!("skeleton", class)} aria-hidden="true" /> }
}
