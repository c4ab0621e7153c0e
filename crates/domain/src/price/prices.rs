//! Gives spans and traces their costs: reported where the sender said what they are, else model × price × tokens.

use std::{collections::HashMap, fmt::Write, sync::Arc};

use shared::{Timestamp, cost::PriceTable, price::PriceRequest};
use uuid::Uuid;

use super::{bundled, call::Call, rate::ModelPrice, table::Table};
use crate::trace::record::{Basis, NewSpan};

/// Public prices that are remembered, each of a model at a time, and as many models that have none at any.
const REMEMBERED: u64 = 50_000;

/// The prices that hold for everybody.
#[derive(Debug)]
pub struct PublicPrices {
    file: Table,
    bundled: moka::sync::Cache<Box<str>, Option<Arc<ModelPrice>>>,
    /// Which models there is nothing to be asked of, whatever the time.
    unknown: moka::sync::Cache<Box<str>, ()>,
}

/// The prices of some workspaces at this moment, to be applied without waiting for anything.
#[derive(Clone, Debug)]
pub struct Prices {
    public: Arc<PublicPrices>,
    own: HashMap<Uuid, Arc<Table>>,
}

impl PublicPrices {
    /// Combines the prices of a file with those that come with this version.
    #[must_use]
    pub fn new(file: &[PriceRequest]) -> Self {
        Self {
            file: Table::new(PriceTable::File, file),
            bundled: moka::sync::Cache::builder().max_capacity(REMEMBERED).build(),
            unknown: moka::sync::Cache::builder().max_capacity(REMEMBERED).build(),
        }
    }
}

impl Prices {
    /// Combines the public prices with the tables of some workspaces.
    #[must_use]
    pub fn new(public: Arc<PublicPrices>, own: HashMap<Uuid, Arc<Table>>) -> Self {
        Self { public, own }
    }

    /// What a model costs at some time: by the first table that knows it.
    #[must_use]
    pub fn find(
        &self,
        workspace_id: Uuid,
        provider: Option<&str>,
        model: &str,
        at: Timestamp,
    ) -> Option<Arc<ModelPrice>> {
        let own = self.own.get(&workspace_id).and_then(|table| table.find(provider, model));
        own.or_else(|| self.public.find(provider, model, at))
    }

    /// Gives a span its cost, or says why there is none. What was decided before stays.
    pub fn price_span(&self, workspace_id: Uuid, span: &mut NewSpan) {
        if span.basis == Basis::Unknown {
            if span.cost.is_some() {
                span.basis = Basis::Reported;
            } else {
                (span.cost, span.basis) = self.cost(workspace_id, &Call::of_span(span));
            }
        }
    }

    /// Nano-dollars, and where they come from.
    pub(super) fn cost(&self, workspace_id: Uuid, call: &Call<'_>) -> (Option<i64>, Basis) {
        let usage = call.usage();
        let model = call.model.filter(|model| !model.trim().is_empty());
        if usage.is_empty() || model.is_none() && !call.is_model {
            return (None, Basis::Unknown);
        }
        let price = model.and_then(|model| self.find(workspace_id, call.provider, model, call.at));
        let Some(price) = price else { return (None, Basis::NoPrice) };
        let (cost, applied) = price.apply(usage);
        match serde_json::to_string(&applied) {
            Ok(json) => (Some(cost), Basis::Computed(json)),
            // Numbers and names: it cannot fail. A cost that nobody could explain is none.
            Err(_) => (None, Basis::NoPrice),
        }
    }
}

impl PublicPrices {
    fn find(&self, provider: Option<&str>, model: &str, at: Timestamp) -> Option<Arc<ModelPrice>> {
        if let Some(price) = self.file.find(provider, model) {
            return Some(price);
        }
        let step = at.floor(bundled::STEP);
        let mut question = String::with_capacity(model.len() + 40);
        // Writing to a text does not fail.
        let _ = write!(question, "{}\0{model}", provider.unwrap_or_default());
        if self.unknown.contains_key(question.as_str()) {
            return None;
        }
        let unknown = question.len();
        let _ = write!(question, "\0{}", step.as_micros());
        if let Some(answer) = self.bundled.get(question.as_str()) {
            return answer;
        }
        let answer = bundled::find(provider, model, step).map(Arc::new);
        if answer.is_none() && !bundled::knows(provider, model) {
            self.unknown.insert(question[..unknown].into(), ());
            return None;
        }
        self.bundled.insert(question.into_boxed_str(), answer.clone());
        answer
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
#[path = "prices_tests.rs"]
mod tests;
