//! The prices that apply in a workspace, read from the store and cached for a few seconds.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use domain::price::{
    prices::{Prices, PublicPrices},
    table::Table,
};
use shared::{cost::PriceTable, price::PriceRequest};
use store::{StoreError, price::PriceStore};
use uuid::Uuid;

/// How long workspace prices are cached.
const CACHE_TTL: Duration = Duration::from_secs(5);
/// The number of workspaces whose prices are cached.
const CACHED_WORKSPACES: u64 = 10_000;

/// Provides the prices of workspaces. Clones share the caches.
#[derive(Clone, Debug)]
pub struct Pricer {
    store: PriceStore,
    public: Arc<PublicPrices>,
    tables: moka::future::Cache<Uuid, Arc<Table>>,
}

impl Pricer {
    /// Creates a pricer from the workspace prices in `store`, the price file and the public prices.
    #[must_use]
    pub fn new(store: PriceStore, file: &[PriceRequest]) -> Self {
        let tables =
            moka::future::Cache::builder().max_capacity(CACHED_WORKSPACES).time_to_live(CACHE_TTL).build();
        Self { store, public: Arc::new(PublicPrices::new(file)), tables }
    }

    /// Returns the prices of these workspaces; workspace prices may be some seconds old.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub async fn prices(&self, workspaces: impl IntoIterator<Item = Uuid>) -> Result<Prices, StoreError> {
        let mut tables = HashMap::new();
        for workspace_id in workspaces {
            if let Entry::Vacant(entry) = tables.entry(workspace_id) {
                entry.insert(self.table(workspace_id).await?);
            }
        }
        Ok(Prices::new(Arc::clone(&self.public), tables))
    }

    /// Returns the current prices of a workspace, bypassing the cache.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub async fn prices_now(&self, workspace_id: Uuid) -> Result<Prices, StoreError> {
        self.invalidate(workspace_id).await;
        self.prices([workspace_id]).await
    }

    /// Removes the prices of a workspace from the cache.
    pub async fn invalidate(&self, workspace_id: Uuid) {
        self.tables.invalidate(&workspace_id).await;
    }

    async fn table(&self, workspace_id: Uuid) -> Result<Arc<Table>, StoreError> {
        if let Some(table) = self.tables.get(&workspace_id).await {
            return Ok(table);
        }
        let prices = self.store.list_prices(workspace_id).await?;
        let table = Arc::new(Table::new(PriceTable::Workspace, prices.iter().map(|price| &price.price)));
        self.tables.insert(workspace_id, Arc::clone(&table)).await;
        Ok(table)
    }
}
