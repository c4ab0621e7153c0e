//! The audit log of the workspace, with filters in the address.

mod filter;
mod list;

use shared::{time_range::TimeRange, ttl};
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
    let (mut query, set_query) = use_query::<AuditQuery>();
    let range = TimeRange::from_query(&query.time_range);
    let range = range.ok().filter(|_| query.time_range.range.is_some()).unwrap_or(TimeRange::Month);
    query.time_range = range.to_query();
    let events = use_poll(query.clone(), ttl::ALERTS, |client, query| client.list_audit_events(&query));
    let on_range = {
        let query = query.clone();
        set_query.reform(move |range: TimeRange| AuditQuery {
            time_range: range.to_query(),
            cursor: None,
            ..query.clone()
        })
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
