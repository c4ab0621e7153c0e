//! The details of the selected span, loaded when it is selected.

mod attribute;
mod content;
mod event;
mod summary;

use std::{cell::RefCell, collections::VecDeque, rc::Rc, time::Duration};

use shared::{Timestamp, span::Span, ttl};
use yew::{platform::time::sleep, prelude::*};

pub use content::TraceContent;
use content::{Tab, span_content};

use crate::{
    api::ApiError,
    by_pointer::ByPointer,
    components::load::{skeleton_lines, view},
    hooks::use_poll,
    trace::Model,
};

/// The number of recently viewed spans that are cached.
const RECENT_SPANS: usize = 30;
/// The delay before a span is loaded, so that moving through the rows by keyboard does not load every span.
const LOAD_DELAY: Duration = Duration::from_millis(60);

/// A span with its payloads and attributes.
#[derive(Debug)]
pub struct FullSpan {
    /// The parsed span.
    pub span: Span,
    /// The JSON of the response.
    pub text: String,
}

/// A cache of recently viewed spans, for one version of the trace.
#[derive(Debug, Default)]
pub struct RecentSpans {
    version: Option<Timestamp>,
    requested: String,
    spans: VecDeque<Rc<FullSpan>>,
}

impl RecentSpans {
    /// Returns the span if it is cached. Clears the cache if the version of the trace has changed.
    fn find(&mut self, id: &str, version: Option<Timestamp>) -> Option<Rc<FullSpan>> {
        if self.version != version {
            *self = Self { version, ..Self::default() };
        }
        id.clone_into(&mut self.requested);
        self.spans.iter().find(|full| full.span.span_id == id).cloned()
    }

    fn insert(&mut self, span: &Rc<FullSpan>) {
        self.spans.push_front(Rc::clone(span));
        self.spans.truncate(RECENT_SPANS);
    }
}

/// Properties of [`SpanPanel`].
#[derive(Properties, PartialEq)]
pub struct SpanPanelProps {
    /// The trace's id.
    pub trace_id: AttrValue,
    /// The trace.
    pub model: Rc<Model>,
    /// The index of the span.
    pub index: usize,
    /// When the trace was received.
    pub updated: Option<Timestamp>,
    /// The recently viewed spans.
    pub recent: ByPointer<RefCell<RecentSpans>>,
}

/// Loads and renders a span.
#[component]
pub fn SpanPanel(props: &SpanPanelProps) -> Html {
    let tab = use_state(|| Tab::Content);
    let SpanPanelProps { model, index, .. } = props;
    let span = &model.spans()[*index];
    let key = (props.trace_id.clone(), span.span_id.clone(), props.updated);
    let recent = props.recent.clone();
    let full = use_poll(key, ttl::TRACE_DETAIL, move |client, (trace_id, id, version)| async move {
        if let Some(span) = recent.borrow_mut().find(&id, version) {
            return Ok(span);
        }
        sleep(LOAD_DELAY).await;
        if recent.borrow().requested != id {
            // Another span was selected meanwhile; this result is not shown.
            return Err(ApiError::Unreachable);
        }
        let (span, text) = client.get_span(&trace_id, &id).await?;
        let full = Rc::new(FullSpan { span, text });
        recent.borrow_mut().insert(&full);
        Ok(full)
    });
    let on_tab = tab.setter().to_callback();
    html! {
        <div class="detail-body">
            { summary::summary(model, *index, &props.trace_id) }
            { view(&full, skeleton_lines(6), |full| if full.span.span_id == span.span_id {
                html! { <div key={span.span_id.clone()} class="ready">{ span_content(full, *tab, &on_tab) }</div> }
            } else {
                skeleton_lines(6)
            }) }
        </div>
    }
}
