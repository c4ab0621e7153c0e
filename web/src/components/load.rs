//! The loading, error and ready states of every view.

use icondata_lu::{LuCloudOff, LuTriangleAlert};
use shared::Timestamp;
use yew::prelude::*;

use super::{icon::svg_icon, message::message, time::RelativeTime};
use crate::{api::ApiError, hooks::Poll};

/// Renders a poll: `skeleton` until the first data arrives, then `ready` with the latest data, and a notice above it if
/// the last refresh failed.
pub fn view<T: 'static>(poll: &Poll<T>, skeleton: Html, ready: impl FnOnce(&T) -> Html) -> Html {
    let shown = poll.data().map(|data| ready(&data));
    let state = ViewState {
        error: poll.error(),
        updated_at: poll.updated_at(),
        is_loading: poll.is_loading(),
        is_outdated: poll.is_outdated(),
        retry: poll.on_refresh().reform(|_: MouseEvent| ()),
    };
    state.render(skeleton, shown)
}

/// The state of a poll without its data.
struct ViewState<'a> {
    error: Option<&'a ApiError>,
    updated_at: Option<Timestamp>,
    is_loading: bool,
    is_outdated: bool,
    retry: Callback<MouseEvent>,
}

impl ViewState<'_> {
    fn render(&self, skeleton: Html, shown: Option<Html>) -> Html {
        match (shown, self.error) {
            (Some(shown), error) => html! {
                <>
                    if error.is_some() { { self.stale() } }
                    <div class={classes!("ready", self.is_outdated.then_some("outdated"))} aria-busy={self.is_outdated.to_string()}>
                        { shown }
                    </div>
                </>
            },
            (None, Some(error)) if !self.is_loading => html! {
                <div role="alert">
                    { message(LuCloudOff, "Failed to load", html! { <>
                        <p>{ error.message() }</p>
                        <button type="button" class="button" onclick={self.retry.clone()}>{ "Retry" }</button>
                    </> }) }
                </div>
            },
            _ => html! {
                <div aria-busy="true">
                    <span class="visually-hidden" role="status">{ "Loading" }</span>
                    { skeleton }
                </div>
            },
        }
    }

    fn stale(&self) -> Html {
        let reason = self.error.map(ApiError::message);
        html! {
            <div class="stale" role="status" title={reason}>
                { svg_icon(LuTriangleAlert) }
                <span>
                    { "Failed to refresh." }
                    if let Some(at) = self.updated_at { { " Last updated " }<RelativeTime {at} /> }
                </span>
                <button type="button" class="link-button" onclick={self.retry.clone()} disabled={self.is_loading}>{ "Retry" }</button>
            </div>
        }
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
