//! The audit log of the workspace, with filters in the address.

mod filter;
mod list;

use shared::ttl;
use yew::prelude::*;

use crate::{
    api::AuditQuery,
    components::{
        link::RouteLink,
        load::{skeleton_lines, view},
        range_picker::RangePicker,
        updated::Updated,
    },
    hooks::{use_poll, use_query},
    route::{Route, Section, query_text},
};
use filter::filters;
use list::list;

/// Loads and renders the section.
#[component]
pub fn AuditLog() -> Html {
    let (query, set_query) = use_query::<AuditQuery>();
    let range = query.time_range();
    let cursor = query.cursor.clone();
    let query = AuditQuery { cursor, ..query.with_time_range(range) };
    let events = use_poll(query.clone(), ttl::ALERTS, |client, query| client.list_audit_events(&query));
    let on_range = {
        let query = query.clone();
        set_query.reform(move |range| query.clone().with_time_range(range))
    };
    let page = |cursor: Option<String>| query_text(&AuditQuery { cursor, ..query.clone() });
    let to = Route::SettingsSection { section: Section::Audit };
    html! {
        <>
            <div class="audit-tools">
                { filters(&query, &set_query) }
                <RangePicker {range} on_change={on_range} />
                <Updated at={events.updated_at()} loading={events.is_loading()} on_refresh={events.on_refresh()} />
            </div>
            <section class="panel" aria-label="Events">
                { view(&events, skeleton_lines(10), |events| html! {
                    <>
                        { list(&events.items) }
                        if query.cursor.is_some() || events.next_cursor.is_some() {
                            <nav class="pager" aria-label="Pagination">
                                if query.cursor.is_some() { <RouteLink class="button" to={to.clone()} query={page(None)}>{ "Newest" }</RouteLink> } else { <span /> }
                                if let Some(next) = &events.next_cursor { <RouteLink class="button" {to} query={page(Some(next.clone()))}>{ "Older" }</RouteLink> }
                            </nav>
                        }
                    </>
                }) }
            </section>
        </>
    }
}
