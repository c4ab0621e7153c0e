//! The state of the trace view: selection, collapsed spans, search. A state machine without access to the browser.
//! Long, because its actions share the state, and a quarter of it are tests.

use std::{collections::HashSet, rc::Rc};

use shared::span::SpanMatches;
use yew::Reducible;

use crate::{
    by_pointer::ByPointer,
    trace::{Model, matches},
};

/// The state of the view. Collapsed spans and matches are stored by id, since a refresh may add spans. Derived data is
/// compared by pointer.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The trace.
    pub model: Rc<Model>,
    /// The index of the selected span; `None` for the trace.
    pub selected: Option<usize>,
    /// The ids of collapsed spans.
    pub collapsed: ByPointer<HashSet<String>>,
    /// The search query.
    pub query: String,
    /// Whether a search request is pending.
    pub searching: bool,
    /// Whether each span matches the search; `None` without a search.
    pub hits: Option<ByPointer<Vec<bool>>>,
    /// The matching spans, in tree order.
    pub matches: ByPointer<Vec<usize>>,
    /// Whether the API's matches are incomplete.
    pub more: bool,
    /// Whether only matches and their ancestors are shown.
    pub only_matches: bool,
    /// Whether the critical path is shown.
    pub show_critical_path: bool,
    /// The visible spans, in tree order.
    pub rows: ByPointer<Vec<usize>>,
    /// Incremented when the selected row has to be scrolled into view.
    pub reveal: u32,
    found_ids: ByPointer<HashSet<String>>,
}

/// An action on the state.
#[derive(Clone, Debug)]
pub enum Action {
    /// A newer version of the trace was received.
    Refresh(Rc<Model>),
    /// A row was clicked; `None` for the trace.
    Select(Option<usize>),
    /// The span in the URL changed.
    Address(Option<String>),
    /// A key moves the selection.
    Move(Movement),
    /// Expands or collapses a span.
    Toggle(usize),
    /// Expands all spans.
    ExpandAll,
    /// Collapses all spans.
    CollapseAll,
    /// Searches for a query.
    Search(String),
    /// The API returned the matches of a query.
    Found(String, SpanMatches),
    /// Selects the next or previous match.
    Match(Direction),
    /// Selects the next or previous failed span.
    Failed(Direction),
    /// Toggles whether only matches are shown.
    OnlyMatches,
    /// Toggles the critical path.
    CriticalPath,
}

/// A direction in the tree order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Down.
    Next,
    /// Up.
    Previous,
}

/// A movement by keyboard, as usual for trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// Moves down by this number of rows, or up if negative.
    By(isize),
    /// Moves to the trace.
    First,
    /// Moves to the last row.
    Last,
    /// Expands, or moves to the first child.
    In,
    /// Collapses, or moves to the parent.
    Out,
}

impl State {
    /// Creates the state of a trace with a selected span.
    pub fn new(model: Rc<Model>, selected: Option<&str>) -> Self {
        let selected = selected.and_then(|id| model.tree.find(id));
        let mut state = Self {
            model,
            selected,
            collapsed: ByPointer::default(),
            query: String::new(),
            searching: false,
            hits: None,
            matches: ByPointer::default(),
            more: false,
            only_matches: false,
            show_critical_path: true,
            rows: ByPointer::default(),
            reveal: 0,
            found_ids: ByPointer::default(),
        };
        state.update_rows();
        state
    }

    /// Returns the id of the selected span.
    pub fn selected_id(&self) -> Option<&str> {
        self.model.spans().get(self.selected?).map(|span| &*span.span_id)
    }

    /// Returns the position of the selected row; 0 is the trace.
    pub fn position(&self) -> Option<usize> {
        match self.selected {
            None => Some(0),
            Some(index) => self.rows.iter().position(|&row| row == index).map(|at| at + 1),
        }
    }

    /// Returns whether a span is collapsed.
    pub fn is_collapsed(&self, index: usize) -> bool {
        !self.collapsed.is_empty() && self.collapsed.contains(&self.model.spans()[index].span_id)
    }

    fn update_rows(&mut self) {
        let wanted = self.hits.as_ref().filter(|_| self.only_matches).map(|hits| &***hits);
        self.rows = ByPointer::new(self.model.tree.rows(|index| self.is_collapsed(index), wanted));
    }

    fn update_matches(&mut self) {
        let query = self.query.trim().to_owned();
        if query.is_empty() {
            self.hits = None;
            self.matches = ByPointer::default();
            self.only_matches = false;
            return;
        }
        let hit = |span: &shared::span::Span| matches(span, &query) || self.found_ids.contains(&span.span_id);
        let hits: Vec<bool> = self.model.spans().iter().map(hit).collect();
        self.matches =
            ByPointer::new(self.model.tree.order.iter().copied().filter(|&index| hits[index]).collect());
        self.hits = Some(ByPointer::new(hits));
    }

    /// Selects a span and expands its ancestors.
    fn select(&mut self, index: Option<usize>) {
        self.selected = index;
        self.reveal += 1;
        let Some(index) = index else { return };
        let hiding: Vec<&String> = self
            .model
            .tree
            .ancestors(index)
            .filter(|&ancestor| self.is_collapsed(ancestor))
            .map(|ancestor| &self.model.spans()[ancestor].span_id)
            .collect();
        if !hiding.is_empty() {
            let mut collapsed = (*self.collapsed).clone();
            for id in hiding {
                collapsed.remove(id);
            }
            self.collapsed = ByPointer::new(collapsed);
            self.update_rows();
        }
    }

    fn set_collapsed(&mut self, index: usize, collapse: bool) {
        let mut collapsed = (*self.collapsed).clone();
        let id = &self.model.spans()[index].span_id;
        if collapse {
            collapsed.insert(id.clone());
        } else {
            collapsed.remove(id);
        }
        self.collapsed = ByPointer::new(collapsed);
        self.select_visible();
        self.update_rows();
    }

    /// If the selected span is hidden, selects its topmost collapsed ancestor instead.
    fn select_visible(&mut self) {
        if let Some(index) = self.selected
            && let Some(topmost) =
                self.model.tree.ancestors(index).filter(|&ancestor| self.is_collapsed(ancestor)).last()
        {
            self.selected = Some(topmost);
        }
    }

    fn move_selection(&mut self, movement: Movement) {
        let position = self.position().unwrap_or(0);
        let to = match movement {
            Movement::By(rows) => position.saturating_add_signed(rows).min(self.rows.len()),
            Movement::First => 0,
            Movement::Last => self.rows.len(),
            Movement::In | Movement::Out => {
                let Some(index) = self.selected else {
                    if movement == Movement::In {
                        self.select(self.rows.first().copied());
                    }
                    return;
                };
                let (parent, has_children) =
                    (self.model.tree.parent[index], self.model.tree.descendants[index] > 0);
                match (movement, has_children, self.is_collapsed(index)) {
                    (Movement::In, true, true) => self.set_collapsed(index, false),
                    (Movement::Out, true, false) => self.set_collapsed(index, true),
                    (Movement::In, true, false) => self.move_selection(Movement::By(1)),
                    (Movement::Out, ..) => self.select(parent),
                    _ => {}
                }
                return;
            }
        };
        self.select(to.checked_sub(1).and_then(|at| self.rows.get(at)).copied());
    }

    /// Selects the span of `list` that is next to the selected one in the given direction. Wraps around at the end.
    fn jump(&mut self, list: &[usize], direction: Direction) {
        let order = &self.model.tree.order;
        let mut place = vec![0; order.len()];
        for (at, &index) in order.iter().enumerate() {
            place[index] = at + 1;
        }
        let here = self.selected.map_or(0, |index| place[index]);
        let target = match direction {
            Direction::Next => list.iter().find(|&&index| place[index] > here).or(list.first()),
            Direction::Previous => list.iter().rev().find(|&&index| place[index] < here).or(list.last()),
        };
        if let Some(&target) = target {
            self.select(Some(target));
        }
    }
}

impl Reducible for State {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut next = (*self).clone();
        match action {
            Action::Refresh(model) if model == self.model => return self,
            Action::Refresh(model) => {
                next.selected = self.selected_id().and_then(|id| model.tree.find(id));
                next.model = model;
                next.update_matches();
                next.update_rows();
            }
            Action::Select(index) => next.selected = index,
            Action::Address(id) => {
                let index = id.and_then(|id| self.model.tree.find(&id));
                next.select(index);
            }
            Action::Move(movement) => next.move_selection(movement),
            Action::Toggle(index) => next.set_collapsed(index, !self.is_collapsed(index)),
            Action::ExpandAll => {
                next.collapsed = ByPointer::default();
                next.update_rows();
                next.reveal += 1;
            }
            Action::CollapseAll => {
                let has_children = |(_, count): &(&shared::span::Span, &usize)| **count > 0;
                let parents =
                    self.model.spans().iter().zip(&self.model.tree.descendants).filter(has_children);
                next.collapsed = ByPointer::new(parents.map(|(span, _)| span.span_id.clone()).collect());
                next.select_visible();
                next.update_rows();
                next.reveal += 1;
            }
            Action::Search(query) => {
                next.searching = !query.trim().is_empty();
                // The matches of a longer query are a subset of those of the shorter one.
                if !query.contains(&self.query) {
                    next.found_ids = ByPointer::default();
                }
                next.more = false;
                next.query = query;
                next.update_matches();
                next.update_rows();
            }
            Action::Found(query, _) if query != self.query => return self,
            Action::Found(_, found) => {
                next.searching = false;
                next.more = found.incomplete || found.total > found.items.len() as u64;
                next.found_ids = ByPointer::new(found.items.into_iter().collect());
                next.update_matches();
                next.update_rows();
            }
            Action::Match(direction) => next.jump(&self.matches, direction),
            Action::Failed(direction) => next.jump(&self.model.failed, direction),
            Action::OnlyMatches => {
                next.only_matches = !self.only_matches && self.hits.is_some();
                // Matches must not be hidden in collapsed spans.
                next.collapsed = ByPointer::default();
                next.update_rows();
                next.reveal += 1;
            }
            Action::CriticalPath => next.show_critical_path = !self.show_critical_path,
        }
        Rc::new(next)
    }
}

#[cfg(test)]
mod tests {
    use shared::trace::TraceStatus;

    use super::*;
    use crate::trace::sample::{model, names, span};

    fn spans() -> Vec<shared::span::Span> {
        let mut failed = span("leaf", Some("inner"), 2, 3);
        failed.status = TraceStatus::Error;
        let mut late = span("late", None, 60, 90);
        late.status = TraceStatus::Timeout;
        vec![span("root", None, 0, 50), span("inner", Some("root"), 1, 40), failed, late]
    }

    fn start() -> Rc<State> {
        Rc::new(State::new(model(spans()), None))
    }

    fn after(actions: impl IntoIterator<Item = Action>) -> Rc<State> {
        actions.into_iter().fold(start(), Reducible::reduce)
    }

    fn rows(state: &State) -> Vec<String> {
        names(&state.model, &state.rows)
    }

    #[test]
    fn moves_through_the_rows_and_stops_at_both_ends() {
        let mut state = start();
        for (movement, expected) in [
            (Movement::By(-1), None),
            (Movement::By(1), Some("root")),
            (Movement::By(2), Some("leaf")),
            (Movement::By(20), Some("late")),
            (Movement::First, None),
            (Movement::Last, Some("late")),
            (Movement::By(-20), None),
        ] {
            state = state.reduce(Action::Move(movement));
            assert_eq!(state.selected_id(), expected, "{movement:?}");
        }
        assert_eq!(state.reveal, 7, "each movement scrolls its row into view");
    }

    #[test]
    fn left_and_right_collapse_expand_and_move_in_the_tree() {
        let mut state = after([Action::Select(Some(1))]);
        for (movement, selected, shown) in [
            (Movement::Out, "inner", 3),
            (Movement::Out, "root", 3),
            (Movement::Out, "root", 2),
            (Movement::In, "root", 3),
            (Movement::In, "inner", 3),
            (Movement::In, "inner", 4),
            (Movement::In, "leaf", 4),
            (Movement::In, "leaf", 4),
        ] {
            state = state.reduce(Action::Move(movement));
            assert_eq!((state.selected_id(), state.rows.len()), (Some(selected), shown), "{movement:?}");
        }
    }

    #[test]
    fn collapsing_an_ancestor_selects_it() {
        let state = after([Action::Select(Some(2)), Action::Toggle(0)]);
        assert_eq!((rows(&state), state.selected_id()), (vec!["root".into(), "late".into()], Some("root")));
        let state = after([Action::Select(Some(2)), Action::CollapseAll]);
        assert_eq!((state.selected_id(), state.rows.len()), (Some("root"), 2));
        assert_eq!(state.reduce(Action::ExpandAll).rows.len(), 4);
    }

    #[test]
    fn going_to_errors_expands_ancestors_and_wraps_around() {
        let next = Action::Failed(Direction::Next);
        let mut state = after([Action::CollapseAll]);
        for expected in ["leaf", "late", "leaf"] {
            state = state.reduce(next.clone());
            assert_eq!(state.selected_id(), Some(expected));
        }
        assert_eq!(state.rows.len(), 4);
        assert_eq!(state.reduce(Action::Failed(Direction::Previous)).selected_id(), Some("late"));
    }

    #[test]
    fn search_finds_names_at_once_and_content_after_the_api_response() {
        let state = after([Action::Search("LEAF".to_owned())]);
        assert_eq!((names(&state.model, &state.matches), state.searching), (vec!["leaf".to_owned()], true));
        let found = |query: &str, id: &str, total| {
            let items = vec![id.to_owned()];
            Action::Found(query.to_owned(), SpanMatches { items, total, incomplete: false })
        };
        let state = state.reduce(found("older", "root", 1));
        assert!(state.searching, "the response to an older query is ignored");
        let state = state.reduce(found("LEAF", "late", 5));
        assert!(state.more && !state.searching);
        assert_eq!(names(&state.model, &state.matches), ["leaf", "late"]);
        let state = state.reduce(Action::OnlyMatches);
        assert_eq!(rows(&state), ["root", "inner", "leaf", "late"]);
        let state = state.reduce(Action::Match(Direction::Previous));
        assert_eq!(state.selected_id(), Some("late"));
        let state = state.reduce(Action::Search(String::new()));
        assert!(state.hits.is_none() && !state.only_matches && !state.searching);
    }

    #[test]
    fn only_matches_shows_matches_with_their_ancestors() {
        let state = after([Action::CollapseAll, Action::Search("leaf".to_owned()), Action::OnlyMatches]);
        assert_eq!(rows(&state), ["root", "inner", "leaf"]);
        assert_eq!(state.reduce(Action::OnlyMatches).rows.len(), 4);
    }

    #[test]
    fn refresh_keeps_the_selection_and_collapsed_spans() {
        let state = after([Action::Select(Some(3)), Action::Toggle(1)]);
        let mut more = spans();
        more.insert(0, span("new", None, 55, 56));
        let state = state.reduce(Action::Refresh(model(more)));
        assert_eq!(state.selected_id(), Some("late"));
        assert_eq!(rows(&state), ["root", "inner", "new", "late"].map(String::from).to_vec());
    }
}
