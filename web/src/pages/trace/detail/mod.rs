//! What the chosen step holds, asked for when it is chosen.

mod attribute;
mod content;
mod event;
mod figure;

use std::{cell::RefCell, collections::VecDeque, rc::Rc, time::Duration};

use shared::{Timestamp, span::Span, ttl};
use yew::{platform::time::sleep, prelude::*};

pub use content::TraceContent;
use content::{Tab, span_content};

use crate::{
    api::ApiError,
    components::load::{skeleton_lines, view},
    hooks::use_poll,
    same::Same,
    trace::Model,
};

/// How many spans are kept for coming back to them.
const KEPT: usize = 30;
/// Whoever goes through the rows by keyboard does not want all of them.
const REST: Duration = Duration::from_millis(60);

/// A span with everything in it.
#[derive(Debug)]
pub struct Whole {
    /// What it says.
    pub span: Span,
    /// The same, as it came: JSON.
    pub text: String,
}

/// The last spans that were looked at, of one answer about the run.
#[derive(Debug, Default)]
pub struct Kept {
    of: Option<Timestamp>,
    wanted: String,
    spans: VecDeque<Rc<Whole>>,
}

impl Kept {
    /// The span, if it is kept. What an older answer was about is forgotten.
    fn find(&mut self, id: &str, of: Option<Timestamp>) -> Option<Rc<Whole>> {
        if self.of != of {
            *self = Self { of, ..Self::default() };
        }
        id.clone_into(&mut self.wanted);
        self.spans.iter().find(|whole| whole.span.span_id == id).cloned()
    }

    fn keep(&mut self, span: &Rc<Whole>) {
        self.spans.push_front(Rc::clone(span));
        self.spans.truncate(KEPT);
    }
}

/// Properties of [`SpanPanel`].
#[derive(Properties, PartialEq)]
pub struct SpanPanelProps {
    /// The trace's id.
    pub trace_id: AttrValue,
    /// The run.
    pub model: Rc<Model>,
    /// The step's number.
    pub index: usize,
    /// When the run's answer came.
    pub updated: Option<Timestamp>,
    /// What was looked at before.
    pub kept: Same<RefCell<Kept>>,
}

/// See the module.
#[component]
pub fn SpanPanel(props: &SpanPanelProps) -> Html {
    let tab = use_state(|| Tab::Content);
    let SpanPanelProps { model, index, .. } = props;
    let span = &model.spans()[*index];
    let key = (props.trace_id.clone(), span.span_id.clone(), props.updated);
    let kept = props.kept.clone();
    let whole = use_poll(key, ttl::TRACE_DETAIL, move |client, (trace_id, id, of)| async move {
        if let Some(span) = kept.borrow_mut().find(&id, of) {
            return Ok(span);
        }
        sleep(REST).await;
        if kept.borrow().wanted != id {
            // Nobody waits for this answer any more.
            return Err(ApiError::Offline);
        }
        let (span, text) = client.span(&trace_id, &id).await?;
        let whole = Rc::new(Whole { span, text });
        kept.borrow_mut().keep(&whole);
        Ok(whole)
    });
    let on_tab = {
        let tab = tab.clone();
        Callback::from(move |chosen| tab.set(chosen))
    };
    html! {
        <div class="detail-body">
            { figure::head(model, *index, &props.trace_id) }
            { view(&whole, skeleton_lines(6), |whole| if whole.span.span_id == span.span_id {
                html! { <div key={span.span_id.clone()} class="ready">{ span_content(whole, *tab, &on_tab) }</div> }
            } else {
                skeleton_lines(6)
            }) }
        </div>
    }
}
