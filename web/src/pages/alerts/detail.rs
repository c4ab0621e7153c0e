//! The page of an alert: facts, contributors, and notifications.

use icondata_lu::LuBell;
use shared::{
    alert::Alert,
    alert_channel::{AlertChannel, AlertDelivery},
    error::ErrorCode,
    page::ItemList,
    ttl,
};
use uuid::Uuid;
use yew::prelude::*;

use super::facts::{actions, contributors, facts};
use crate::{
    api::ApiError,
    auth::use_client,
    components::{
        alerts_feed::{severity_badge, state_badge},
        crumbs::crumbs,
        delivery::delivery_table,
        form_error::form_error,
        link::RouteLink,
        load::{skeleton_lines, view},
        message::message,
        panel::panel,
        updated::Updated,
    },
    event::on_all,
    hooks::{use_action, use_poll, use_title},
    intl,
    route::{Route, Section},
};

/// Properties of [`AlertPage`].
#[derive(Properties, PartialEq)]
pub struct AlertPageProps {
    /// The alert's id.
    pub id: String,
}

/// Loads and renders an alert.
#[component]
pub fn AlertPage(props: &AlertPageProps) -> Html {
    let client = use_client();
    let id = props.id.clone();
    let alert = use_poll(id.clone(), ttl::ALERTS, |client, id| client.get_alert(&id));
    let deliveries = use_poll(id, ttl::ALERTS, |client, id| client.list_alert_deliveries(&id));
    let channels = use_poll((), ttl::TRACE_DETAIL, |client, ()| client.list_alert_channels());
    let loaded = alert.data();
    let title = loaded.as_ref().map_or_else(|| "Alert".to_owned(), |alert| alert.title.clone());
    use_title(&title);
    let (send, error) = use_action(alert.on_refresh());
    let on_acknowledge = send.reform(move |id: Uuid| client.acknowledge_alert(&id.to_string()));
    let on_refresh = on_all([alert.on_refresh(), deliveries.on_refresh()]);
    let code = alert.error().and_then(ApiError::code);
    let missing = loaded.is_none()
        && matches!(code, Some(ErrorCode::NotFound | ErrorCode::BadRequest | ErrorCode::ValidationFailed));
    html! {
        <>
            { crumbs(html! { <RouteLink to={Route::Alerts}>{ "Alerts" }</RouteLink> }, "ellipsis", title.clone(), Html::default()) }
            if missing {
                <h1 class="visually-hidden">{ "Alert" }</h1>
                <section class="panel">{ message(LuBell, "Alert not found", html! { <RouteLink class="button" to={Route::Alerts}>{ "All alerts" }</RouteLink> }) }</section>
            } else {
                <div class="page-head">
                    <h1>{ title }</h1>
                    <div class="page-tools">
                        <Updated at={alert.updated_at()} loading={alert.is_loading()} {on_refresh} />
                    </div>
                </div>
                { form_error(error.as_deref()) }
                <div class="alert-page">
                    <section class="panel alert-head" aria-label="Alert">
                        { view(&alert, skeleton_lines(4), |alert| head(alert, &on_acknowledge)) }
                    </section>
                    if let Some(alert) = loaded { { contributors(&alert) } }
                    { panel("Notifications", "", Html::default(), html! { <>
                        { view(&deliveries, skeleton_lines(2), |list| notifications(list, channels.data().as_deref())) }
                    </> }) }
                </div>
            }
        </>
    }
}

fn head(alert: &Alert, on_acknowledge: &Callback<Uuid>) -> Html {
    html! {
        <>
            <p class="alert-badges">{ severity_badge(alert.severity) }{ state_badge(alert.state) }</p>
            <p>{ alert.description.clone() }</p>
            { facts(alert, intl::now()) }
            { actions(alert, on_acknowledge) }
        </>
    }
}

fn notifications(deliveries: &ItemList<AlertDelivery>, channels: Option<&ItemList<AlertChannel>>) -> Html {
    if deliveries.items.is_empty() {
        return html! {
            <p class="panel-lead muted">
                { "No notifications: no channel matches this alert, or its rule is muted. Manage channels in " }<RouteLink to={Route::SettingsSection { section: Section::Channels }}>{ "Settings" }</RouteLink>{ "." }
            </p>
        };
    }
    let name = |delivery: &AlertDelivery| {
        let all = channels.iter().flat_map(|list| &list.items);
        let found = all.clone().find(|channel| channel.id == delivery.channel_id);
        found.map_or_else(|| "Deleted channel".to_owned(), |found| found.channel.name.clone())
    };
    delivery_table(&deliveries.items, Some(&name))
}
