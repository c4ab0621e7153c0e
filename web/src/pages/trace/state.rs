//! What one sees of a run's steps: which is chosen, which are folded, what is searched for. A state machine that knows
//! no browser.

use std::{collections::HashSet, rc::Rc};

use shared::span::SpanMatches;
use yew::Reducible;

use crate::trace::{Model, fits};

/// See the module. Spans are remembered by their ids: a refresh may bring more of them.
#[derive(Clone, Debug)]
pub struct State {
    /// The run.
    pub model: Rc<Model>,
    /// The number of the chosen span; none for the run itself.
    pub selected: Option<usize>,
    /// The ids of spans whose inside is not shown.
    pub collapsed: Rc<HashSet<String>>,
    /// What is searched for.
    pub query: String,
    /// Whether the API has still to say what it found.
    pub searching: bool,
    /// For each span, whether the search found it; none without a search.
    pub hits: Option<Rc<Vec<bool>>>,
    /// What the search found, from top to bottom.
    pub matches: Rc<Vec<usize>>,
    /// Whether the API found more than it said, or did not look through everything.
    pub more: bool,
    /// Whether only what was found is shown, and what leads to it.
    pub only_matches: bool,
    /// Whether the critical path is drawn.
    pub path: bool,
    /// The rows, from top to bottom.
    pub rows: Rc<Vec<usize>>,
    /// Counts up whenever the chosen row should be brought into sight.
    pub reveal: u32,
    found: Rc<HashSet<String>>,
}

/// What happens to it.
#[derive(Clone, Debug)]
pub enum Action {
    /// There is a newer answer.
    Refresh(Rc<Model>),
    /// This row was clicked; none for the run itself.
    Select(Option<usize>),
    /// The address names this span, or none.
    Address(Option<String>),
    /// A key moves the choice.
    Move(Step),
    /// What is inside of this span should be shown, or not any more.
    Toggle(usize),
    /// The inside of all spans should be shown.
    ExpandAll,
    /// The inside of no span should be shown.
    CollapseAll,
    /// This is searched for.
    Search(String),
    /// The API found these ids for that.
    Found(String, SpanMatches),
    /// To the next thing found, or the one before.
    Match(Direction),
    /// To the next step that failed, or the one before.
    Failed(Direction),
    /// Show only what was found, or everything again.
    OnlyMatches,
    /// Show the critical path, or not any more.
    Path,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Down.
    Next,
    /// Up.
    Previous,
}

/// A movement by keys, as trees have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many rows down (or up, below 0).
    By(isize),
    /// To the run itself.
    First,
    /// To the last row.
    Last,
    /// Unfolds, or goes to the first inside.
    In,
    /// Folds, or goes to the parent.
    Out,
}

impl PartialEq for State {
    /// What is worked out is compared by where it is.
    fn eq(&self, other: &Self) -> bool {
        let scalars = |state: &Self| {
            (state.selected, state.searching, state.more, state.only_matches, state.path, state.reveal)
        };
        let hits = |state: &Self| state.hits.as_ref().map(Rc::as_ptr);
        self.model == other.model
            && scalars(self) == scalars(other)
            && self.query == other.query
            && hits(self) == hits(other)
            && Rc::ptr_eq(&self.collapsed, &other.collapsed)
            && Rc::ptr_eq(&self.rows, &other.rows)
    }
}

impl State {
    /// All of a run, with the span of this id chosen.
    pub fn new(model: Rc<Model>, selected: Option<&str>) -> Self {
        let selected = selected.and_then(|id| model.tree.find(id));
        let mut state = Self {
            model,
            selected,
            collapsed: Rc::default(),
            query: String::new(),
            searching: false,
            hits: None,
            matches: Rc::default(),
            more: false,
            only_matches: false,
            path: true,
            rows: Rc::default(),
            reveal: 0,
            found: Rc::default(),
        };
        state.lay_out();
        state
    }

    /// The id of the chosen span.
    pub fn selected_id(&self) -> Option<&str> {
        self.model.spans().get(self.selected?).map(|span| &*span.span_id)
    }

    /// Which row is chosen: 0 is the run itself.
    pub fn position(&self) -> Option<usize> {
        match self.selected {
            None => Some(0),
            Some(index) => self.rows.iter().position(|&row| row == index).map(|at| at + 1),
        }
    }

    /// Whether the inside of a span is hidden.
    pub fn is_collapsed(&self, index: usize) -> bool {
        !self.collapsed.is_empty() && self.collapsed.contains(&self.model.spans()[index].span_id)
    }

    fn lay_out(&mut self) {
        let wanted = self.hits.as_ref().filter(|_| self.only_matches).map(|hits| &***hits);
        self.rows = Rc::new(self.model.tree.rows(|index| self.is_collapsed(index), wanted));
    }

    fn look(&mut self) {
        let query = self.query.trim().to_owned();
        if query.is_empty() {
            self.hits = None;
            self.matches = Rc::default();
            self.only_matches = false;
            return;
        }
        let hit = |span: &shared::span::Span| fits(span, &query) || self.found.contains(&span.span_id);
        let hits: Vec<bool> = self.model.spans().iter().map(hit).collect();
        self.matches = Rc::new(self.model.tree.order.iter().copied().filter(|&index| hits[index]).collect());
        self.hits = Some(Rc::new(hits));
    }

    /// Chooses a span and opens everything that it is inside of.
    fn show(&mut self, index: Option<usize>) {
        self.selected = index;
        self.reveal += 1;
        let Some(index) = index else { return };
        let closed: Vec<&String> = self
            .model
            .tree
            .above(index)
            .filter(|&above| self.is_collapsed(above))
            .map(|above| &self.model.spans()[above].span_id)
            .collect();
        if !closed.is_empty() {
            let mut collapsed = (*self.collapsed).clone();
            for id in closed {
                collapsed.remove(id);
            }
            self.collapsed = Rc::new(collapsed);
            self.lay_out();
        }
    }

    fn fold(&mut self, index: usize, fold: bool) {
        let mut collapsed = (*self.collapsed).clone();
        let id = &self.model.spans()[index].span_id;
        if fold {
            collapsed.insert(id.clone());
        } else {
            collapsed.remove(id);
        }
        self.collapsed = Rc::new(collapsed);
        self.surface();
        self.lay_out();
    }

    /// What is chosen and not to be seen any more gives its place to what hides it: the outermost of those.
    fn surface(&mut self) {
        if let Some(index) = self.selected
            && let Some(above) = self.model.tree.above(index).filter(|&above| self.is_collapsed(above)).last()
        {
            self.selected = Some(above);
        }
    }

    fn step(&mut self, step: Step) {
        let position = self.position().unwrap_or(0);
        let to = match step {
            Step::By(rows) => position.saturating_add_signed(rows).min(self.rows.len()),
            Step::First => 0,
            Step::Last => self.rows.len(),
            Step::In | Step::Out => {
                let Some(index) = self.selected else {
                    if step == Step::In {
                        self.show(self.rows.first().copied());
                    }
                    return;
                };
                let (parent, full) = (self.model.tree.parent[index], self.model.tree.inside[index] > 0);
                match (step, full, self.is_collapsed(index)) {
                    (Step::In, true, true) => self.fold(index, false),
                    (Step::Out, true, false) => self.fold(index, true),
                    (Step::In, true, false) => self.step(Step::By(1)),
                    (Step::Out, ..) => self.show(parent),
                    _ => {}
                }
                return;
            }
        };
        self.show(to.checked_sub(1).and_then(|at| self.rows.get(at)).copied());
    }

    /// Goes to the one of `list` that comes next after what is chosen, and after the last to the first again.
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
            self.show(Some(target));
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
                next.look();
                next.lay_out();
            }
            Action::Select(index) => next.selected = index,
            Action::Address(id) => {
                let index = id.and_then(|id| self.model.tree.find(&id));
                next.show(index);
            }
            Action::Move(step) => next.step(step),
            Action::Toggle(index) => next.fold(index, !self.is_collapsed(index)),
            Action::ExpandAll => {
                next.collapsed = Rc::default();
                next.lay_out();
                next.reveal += 1;
            }
            Action::CollapseAll => {
                let full = |(_, inside): &(&shared::span::Span, &usize)| **inside > 0;
                let all = self.model.spans().iter().zip(&self.model.tree.inside).filter(full);
                next.collapsed = Rc::new(all.map(|(span, _)| span.span_id.clone()).collect());
                next.surface();
                next.lay_out();
                next.reveal += 1;
            }
            Action::Search(query) => {
                next.searching = !query.trim().is_empty();
                // A longer question finds nothing that the shorter one did not.
                if !query.contains(&self.query) {
                    next.found = Rc::default();
                }
                next.more = false;
                next.query = query;
                next.look();
                next.lay_out();
            }
            Action::Found(query, _) if query != self.query => return self,
            Action::Found(_, found) => {
                next.searching = false;
                next.more = found.incomplete || found.total > found.items.len() as u64;
                next.found = Rc::new(found.items.into_iter().collect());
                next.look();
                next.lay_out();
            }
            Action::Match(direction) => next.jump(&self.matches, direction),
            Action::Failed(direction) => next.jump(&self.model.failed, direction),
            Action::OnlyMatches => {
                next.only_matches = !self.only_matches && self.hits.is_some();
                // What was found should be seen.
                next.collapsed = Rc::default();
                next.lay_out();
                next.reveal += 1;
            }
            Action::Path => next.path = !self.path,
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
    fn keys_go_through_the_rows_and_stop_at_both_ends() {
        let mut state = start();
        for (step, expected) in [
            (Step::By(-1), None),
            (Step::By(1), Some("root")),
            (Step::By(2), Some("leaf")),
            (Step::By(20), Some("late")),
            (Step::First, None),
            (Step::Last, Some("late")),
            (Step::By(-20), None),
        ] {
            state = state.reduce(Action::Move(step));
            assert_eq!(state.selected_id(), expected, "{step:?}");
        }
        assert_eq!(state.reveal, 7, "each of them brings its row into sight");
    }

    #[test]
    fn left_and_right_fold_and_go_to_the_parent_and_the_first_child() {
        let mut state = after([Action::Select(Some(1))]);
        for (step, selected, shown) in [
            (Step::Out, "inner", 3),
            (Step::Out, "root", 3),
            (Step::Out, "root", 2),
            (Step::In, "root", 3),
            (Step::In, "inner", 3),
            (Step::In, "inner", 4),
            (Step::In, "leaf", 4),
            (Step::In, "leaf", 4),
        ] {
            state = state.reduce(Action::Move(step));
            assert_eq!((state.selected_id(), state.rows.len()), (Some(selected), shown), "{step:?}");
        }
    }

    #[test]
    fn folding_around_what_is_chosen_chooses_what_hides_it() {
        let state = after([Action::Select(Some(2)), Action::Toggle(0)]);
        assert_eq!((rows(&state), state.selected_id()), (vec!["root".into(), "late".into()], Some("root")));
        let state = after([Action::Select(Some(2)), Action::CollapseAll]);
        assert_eq!((state.selected_id(), state.rows.len()), (Some("root"), 2));
        assert_eq!(state.reduce(Action::ExpandAll).rows.len(), 4);
    }

    #[test]
    fn going_to_errors_opens_what_hides_them_and_goes_round() {
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
    fn a_search_finds_names_at_once_and_contents_when_the_api_has_answered() {
        let state = after([Action::Search("LEAF".to_owned())]);
        assert_eq!((names(&state.model, &state.matches), state.searching), (vec!["leaf".to_owned()], true));
        let found = |query: &str, id: &str, total| {
            let items = vec![id.to_owned()];
            Action::Found(query.to_owned(), SpanMatches { items, total, incomplete: false })
        };
        let state = state.reduce(found("older", "root", 1));
        assert!(state.searching, "an answer to an older question is none");
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
    fn only_what_was_found_is_shown_with_what_leads_to_it() {
        let state = after([Action::CollapseAll, Action::Search("leaf".to_owned()), Action::OnlyMatches]);
        assert_eq!(rows(&state), ["root", "inner", "leaf"]);
        assert_eq!(state.reduce(Action::OnlyMatches).rows.len(), 4);
    }

    #[test]
    fn a_refresh_keeps_what_is_chosen_and_folded() {
        let state = after([Action::Select(Some(3)), Action::Toggle(1)]);
        let mut more = spans();
        more.insert(0, span("new", None, 55, 56));
        let state = state.reduce(Action::Refresh(model(more)));
        assert_eq!(state.selected_id(), Some("late"));
        assert_eq!(rows(&state), ["root", "inner", "new", "late"].map(String::from).to_vec());
    }
}
