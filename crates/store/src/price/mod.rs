//! The prices that workspaces set for models.

use domain::price::provider::Provider;
use shared::{
    limit,
    price::{Price, PriceRequest},
};
use uuid::Uuid;

use crate::{
    database::{Database, Statement, timestamp::SqlTimestamp},
    error::StoreError,
};

/// The prices of all workspaces. Clones share the connections.
#[derive(Clone, Debug)]
pub struct PriceStore {
    database: Database,
}

/// The outcome of [`PriceStore::create_price`].
#[derive(Clone, Debug, PartialEq)]
pub enum PriceOutcome {
    /// The workspace had no price for the model and provider.
    Created(Price),
    /// The price replaced another one and has the id of that one.
    Replaced(Price),
    /// The workspace has [`limit::PRICES`] other prices already.
    TooMany,
}

/// Inserts a price, whose values [`bind_price`] binds; the action for an existing price follows.
macro_rules! insert_price {
    () => {
        "INSERT INTO model_prices (id, workspace_id, model, provider, model_key, provider_key, input, output, cache_read, \
         cache_write, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT (workspace_id, model_key, provider_key)"
    };
}

#[derive(sqlx::FromRow)]
struct PriceRow {
    id: Uuid,
    model: String,
    provider: Option<String>,
    input: f64,
    output: f64,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
    updated_at: SqlTimestamp,
}

impl PriceRow {
    fn into_price(self) -> Price {
        Price {
            id: self.id,
            price: PriceRequest {
                model: self.model,
                provider: self.provider,
                input_usd_per_million: self.input,
                output_usd_per_million: self.output,
                cache_read_usd_per_million: self.cache_read,
                cache_write_usd_per_million: self.cache_write,
            },
            updated_at: self.updated_at.0,
        }
    }
}

/// Returns the normalized model and provider: a workspace has one price for each pair.
fn keys(price: &PriceRequest) -> (String, String) {
    let provider = price.provider.as_deref().map(Provider::key).unwrap_or_default();
    (price.model.trim().to_lowercase(), provider)
}

/// Binds the values of [`insert_price`].
fn bind_price<'t>(statement: Statement<'t>, workspace_id: Uuid, price: &Price) -> Statement<'t> {
    let (model_key, provider_key) = keys(&price.price);
    statement
        .bind(price.id)
        .bind(workspace_id)
        .bind(&price.price.model)
        .bind(price.price.provider.as_deref())
        .bind(model_key)
        .bind(provider_key)
        .bind(price.price.input_usd_per_million)
        .bind(price.price.output_usd_per_million)
        .bind(price.price.cache_read_usd_per_million)
        .bind(price.price.cache_write_usd_per_million)
        .bind(SqlTimestamp(price.updated_at))
}

impl PriceStore {
    /// Creates the store of the prices in `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Returns the workspace's prices, by model and provider.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_prices(&self, workspace_id: Uuid) -> Result<Vec<Price>, StoreError> {
        let rows: Vec<PriceRow> = self
            .database
            .sql(
                "SELECT id, model, provider, input, output, cache_read, cache_write, updated_at FROM model_prices \
                 WHERE workspace_id = $1 ORDER BY model_key, provider_key",
            )
            .bind(workspace_id)
            .fetch_all()
            .await?;
        Ok(rows.into_iter().map(PriceRow::into_price).collect())
    }

    /// Creates a price, or replaces the one for the same model and provider.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn create_price(&self, workspace_id: Uuid, price: &Price) -> Result<PriceOutcome, StoreError> {
        let (model_key, provider_key) = keys(&price.price);
        let mut transaction = self.database.write().await?;
        let others: i64 = transaction
            .sql(
                "SELECT COUNT(*) FROM model_prices WHERE workspace_id = $1 \
                 AND NOT (model_key = $2 AND provider_key = $3)",
            )
            .bind(workspace_id)
            .bind(model_key)
            .bind(provider_key)
            .fetch_scalar()
            .await?;
        if usize::try_from(others).unwrap_or(0) >= limit::PRICES {
            return Ok(PriceOutcome::TooMany);
        }
        let insert = transaction.sql(concat!(
            insert_price!(),
            " DO UPDATE SET model = excluded.model, provider = excluded.provider, input = excluded.input, \
             output = excluded.output, cache_read = excluded.cache_read, cache_write = excluded.cache_write, \
             updated_at = excluded.updated_at RETURNING id"
        ));
        let id: Uuid = bind_price(insert, workspace_id, price).fetch_scalar().await?;
        transaction.commit().await?;
        let stored = Price { id, ..price.clone() };
        Ok(if id == price.id { PriceOutcome::Created(stored) } else { PriceOutcome::Replaced(stored) })
    }

    /// Inserts prices with their ids and returns how many were new: prices for an existing model and provider are skipped.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn restore_prices(&self, workspace_id: Uuid, prices: &[Price]) -> Result<u64, StoreError> {
        let mut transaction = self.database.write().await?;
        let mut new = 0;
        for price in prices {
            let insert = transaction.sql(concat!(insert_price!(), " DO NOTHING"));
            new += bind_price(insert, workspace_id, price).execute().await?;
        }
        transaction.commit().await?;
        Ok(new)
    }

    /// Deletes a price and returns whether it existed.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn delete_price(&self, workspace_id: Uuid, id: Uuid) -> Result<bool, StoreError> {
        let mut transaction = self.database.write().await?;
        let deleted = transaction
            .sql("DELETE FROM model_prices WHERE workspace_id = $1 AND id = $2")
            .bind(workspace_id)
            .bind(id)
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(deleted > 0)
    }
}
