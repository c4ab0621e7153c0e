//! The toolbar of the waterfall: search, errors, critical path, expand and collapse.

use icondata_lu::{
    LuChevronDown, LuChevronUp, LuChevronsDownUp, LuChevronsUpDown, LuCircleX, LuFunnel, LuLoaderCircle,
    LuRoute, LuSearch,
};
use shared::format;
use yew::prelude::*;

use super::{
    key::{SEARCH, TREE, focus},
    state::{Action, Direction, State},
};
use crate::{components::icon::svg_icon, event::on_input};

/// Renders the toolbar.
pub fn toolbar(state: &State, on_action: &Callback<Action>) -> Html {
    let oninput = on_input(&on_action.reform(Action::Search));
    let onkeydown = {
        let on_action = on_action.clone();
        Callback::from(move |event: KeyboardEvent| {
            let action = match (&*event.key(), event.shift_key()) {
                ("Enter", false) => Action::Match(Direction::Next),
                ("Enter", true) => Action::Match(Direction::Previous),
                ("Escape", _) => {
                    focus(TREE);
                    Action::Search(String::new())
                }
                ("ArrowDown", _) => {
                    event.prevent_default();
                    focus(TREE);
                    return;
                }
                _ => return,
            };
            event.prevent_default();
            on_action.emit(action);
        })
    };
    let button = |action: Action, icon, label: &'static str, disabled: bool| {
        let onclick = on_action.reform(move |_: MouseEvent| action.clone());
        html! { <button type="button" class="button small icon-button" {onclick} {disabled} title={label} aria-label={label}>{ svg_icon(icon) }</button> }
    };
    let switch = |action: Action, icon, label: &'static str, title: &'static str, pressed: bool| {
        let onclick = on_action.reform(move |_: MouseEvent| action.clone());
        html! { <button type="button" class="button small" {onclick} {title} aria-pressed={pressed.to_string()}>{ svg_icon(icon) }<span class="wide-label">{ label }</span></button> }
    };
    let searched = state.hits.is_some();
    let none = state.matches.is_empty();
    let failed = state.model.failed.len();
    html! {
        <header class="steps-head">
            <div class="steps-search" role="search">
                { svg_icon(if state.searching { LuLoaderCircle } else { LuSearch }) }
                <input id={SEARCH} type="search" aria-label="Search steps" placeholder="Search names and content  /" maxlength="200" autocomplete="off" spellcheck="false" value={state.query.clone()} {oninput} {onkeydown} />
                if searched {
                    <span class="steps-found" role="status" title={state.more.then_some("There may be more matches: the search stopped at its limit.")}>{ match_count(state) }</span>
                    { button(Action::Match(Direction::Previous), LuChevronUp, "Previous match (p)", none) }
                    { button(Action::Match(Direction::Next), LuChevronDown, "Next match (n)", none) }
                    { switch(Action::OnlyMatches, LuFunnel, "Only matches", "Show only matching steps", state.only_matches) }
                }
            </div>
            <div class="steps-tools">
                if failed > 0 {
                    <button type="button" class="button small failed-button" title="Next error (e)" onclick={on_action.reform(|_: MouseEvent| Action::Failed(Direction::Next))}>
                        { svg_icon(LuCircleX) }{ if failed == 1 { "1 error".to_owned() } else { format!("{} errors", format::integer(failed as u64)) } }
                    </button>
                }
                { switch(Action::CriticalPath, LuRoute, "Critical path", "The chain of steps that determines when the trace ends", state.show_critical_path) }
                { button(Action::ExpandAll, LuChevronsUpDown, "Expand all", state.collapsed.is_empty()) }
                { button(Action::CollapseAll, LuChevronsDownUp, "Collapse all", state.model.tree.roots.len() == state.model.spans().len()) }
            </div>
        </header>
    }
}

/// Returns the number of matches, like `3 / 17`, `17 matches` or `No matches`.
fn match_count(state: &State) -> String {
    let all = state.matches.len();
    let more = if state.more { "+" } else { "" };
    let at = state.selected.and_then(|index| state.matches.iter().position(|&other| other == index));
    match (all, at) {
        (0, _) if state.searching => String::new(),
        (0, _) => "No matches".to_owned(),
        (all, Some(at)) => {
            format!("{} / {}{more}", format::integer(at as u64 + 1), format::integer(all as u64))
        }
        (1, None) if !state.more => "1 match".to_owned(),
        (all, None) => format!("{}{more} matches", format::integer(all as u64)),
    }
}
