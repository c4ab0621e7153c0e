//! Gives spans and traces their costs: reported where the sender said what they are, else model × price × tokens.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt::Write,
    sync::Arc,
    time::Duration,
};

use shared::{Timestamp, cost::PriceTable, price::PriceRequest};
use uuid::Uuid;

use super::{bundled, call::Call, rate::ModelPrice, table::Table};
use crate::store::trace::{
    StoreError, TraceStore,
    record::{Basis, NewSpan},
};

/// How long a workspace's own prices are taken from memory.
const OWN_PRICES: Duration = Duration::from_secs(5);
/// Workspaces whose prices are in memory at once.
const WORKSPACES: u64 = 10_000;
/// Public prices that are remembered, each of a model at a time, and as many models that have none at any.
const REMEMBERED: u64 = 50_000;

/// Knows all prices. Clones share what they remember.
#[derive(Clone, Debug)]
pub struct Pricer {
    store: TraceStore,
    public: Arc<Public>,
    own: moka::future::Cache<Uuid, Arc<Table>>,
}

/// The prices that hold for everybody.
#[derive(Debug)]
struct Public {
    file: Table,
    bundled: moka::sync::Cache<Box<str>, Option<Arc<ModelPrice>>>,
    /// Which models there is nothing to be asked of, whatever the time.
    unknown: moka::sync::Cache<Box<str>, ()>,
}

/// The prices of some workspaces at this moment, to be applied without waiting for anything.
#[derive(Clone, Debug)]
pub struct Prices {
    public: Arc<Public>,
    own: HashMap<Uuid, Arc<Table>>,
}

impl Pricer {
    /// One that knows the own prices in `store`, those of a file, and the public ones.
    #[must_use]
    pub fn new(store: TraceStore, file: &[PriceRequest]) -> Self {
        let own = moka::future::Cache::builder().max_capacity(WORKSPACES).time_to_live(OWN_PRICES).build();
        let public = Public {
            file: Table::new(PriceTable::File, file),
            bundled: moka::sync::Cache::builder().max_capacity(REMEMBERED).build(),
            unknown: moka::sync::Cache::builder().max_capacity(REMEMBERED).build(),
        };
        Self { store, public: Arc::new(public), own }
    }

    /// What holds for these workspaces; their own prices may be some seconds old.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn prices(&self, workspaces: impl IntoIterator<Item = Uuid>) -> Result<Prices, StoreError> {
        let mut own = HashMap::new();
        for workspace_id in workspaces {
            if let Entry::Vacant(entry) = own.entry(workspace_id) {
                entry.insert(self.own(workspace_id).await?);
            }
        }
        Ok(Prices { public: Arc::clone(&self.public), own })
    }

    /// What holds for a workspace at this very moment.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn prices_now(&self, workspace_id: Uuid) -> Result<Prices, StoreError> {
        self.forget(workspace_id).await;
        self.prices([workspace_id]).await
    }

    /// Reads the workspace's own prices anew when they are next asked for.
    pub async fn forget(&self, workspace_id: Uuid) {
        self.own.invalidate(&workspace_id).await;
    }

    async fn own(&self, workspace_id: Uuid) -> Result<Arc<Table>, StoreError> {
        if let Some(table) = self.own.get(&workspace_id).await {
            return Ok(table);
        }
        let prices = self.store.prices(workspace_id).await?;
        let table = Arc::new(Table::new(PriceTable::Workspace, prices.iter().map(|price| &price.price)));
        self.own.insert(workspace_id, Arc::clone(&table)).await;
        Ok(table)
    }
}

impl Prices {
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

impl Public {
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
#[path = "pricer_tests.rs"]
mod tests;
