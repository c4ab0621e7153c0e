//! The settings: a section of the account or of the workspace, with the navigation to the others.

mod audit;
mod channel;
mod key;
mod login_session;
mod member;
mod price;
mod profile;
mod workspace;

use icondata_lu::{LuCloudOff, LuLock};
use shared::{access::Role, auth::User};
use web_sys::{Element, ScrollIntoViewOptions, ScrollLogicalPosition};
use yew::prelude::*;

use crate::{
    components::{link::RouteLink, load::skeleton_lines, message::message},
    hooks::{Account, use_title},
    route::{Route, Section},
};

/// Properties of [`SettingsPage`].
#[derive(Properties, PartialEq)]
pub struct SettingsPageProps {
    /// The section.
    pub section: Section,
}

/// Renders the navigation and the section, once the account is loaded.
#[component]
pub fn SettingsPage(props: &SettingsPageProps) -> Html {
    let section = props.section;
    use_title(&format!("{} · Settings", section.title()));
    let account = use_context::<Account>();
    let user = account.as_ref().and_then(|account| account.user.as_deref());
    let error = account.as_ref().and_then(|account| account.error.as_ref());
    let nav = use_node_ref();
    {
        let nav = nav.clone();
        use_effect_with((section, user.is_some()), move |_| {
            // On a phone, the links are a row that scrolls.
            let link = nav.cast::<Element>().and_then(|nav| nav.query_selector("[aria-current]").ok()?);
            if let Some(link) = link {
                let options = ScrollIntoViewOptions::new();
                options.set_block(ScrollLogicalPosition::Nearest);
                options.set_inline(ScrollLogicalPosition::Center);
                link.scroll_into_view_with_scroll_into_view_options(&options);
            }
        });
    }
    html! {
        <div class="settings">
            <nav class="settings-nav" aria-label="Settings" ref={nav}>
                if let Some(user) = user {
                    { group("Account", &Section::ACCOUNT, section, user.role) }
                    { group("Workspace", &Section::WORKSPACE, section, user.role) }
                }
            </nav>
            <div class="settings-section">
                <div class="page-head"><h1>{ section.title() }</h1></div>
                if let Some(user) = user {
                    { content(section, user) }
                } else if let Some(error) = error {
                    <section class="panel">{ message(LuCloudOff, "Failed to load", html! { <p role="alert">{ error.message() }</p> }) }</section>
                } else {
                    <section class="panel" aria-busy="true">{ skeleton_lines(4) }</section>
                }
            </div>
        </div>
    }
}

/// Renders the links of a group of sections, except for those that the role does not permit.
fn group(title: &'static str, sections: &[Section], current: Section, role: Role) -> Html {
    let permitted = sections.iter().filter(|section| role.permits(section.permission()));
    html! {
        <div class="settings-group">
            <p class="menu-title">{ title }</p>
            for &section in permitted {
                <RouteLink class="settings-link" to={Route::SettingsSection { section }} current={section == current}>{ section.title() }</RouteLink>
            }
        </div>
    }
}

fn content(section: Section, user: &User) -> Html {
    if !user.role.permits(section.permission()) {
        let next = html! { <p>{ "Your role in this workspace does not permit this. Ask an owner." }</p> };
        return html! { <section class="panel">{ message(LuLock, "No access", next) }</section> };
    }
    match section {
        Section::Profile => html! { <profile::Profile user={user.clone()} /> },
        Section::Sessions => html! { <login_session::LoginSessions /> },
        Section::Workspace => html! { <workspace::WorkspaceSection user={user.clone()} /> },
        Section::Members => html! { <member::Members user_id={user.id} /> },
        Section::Keys => html! { <key::Keys user_id={user.id} /> },
        Section::Channels => html! { <channel::ChannelPanel /> },
        Section::Prices => html! { <price::PricePanel /> },
        Section::Audit => html! { <audit::AuditLog /> },
    }
}
