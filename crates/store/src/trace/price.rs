//! Workspaces' own prices. The statements are the same on every engine; only the types of its connections differ, which is
//! what the macro is for.

use shared::{
    limit,
    price::{Price, PriceRequest},
};
use uuid::Uuid;

use super::{StoreError, TraceStore, row::Columns};
use domain::price::provider::Provider;

/// What became of a price that was to be kept.
#[derive(Clone, Debug, PartialEq)]
pub enum PriceKept {
    /// There was none for its model and provider.
    New(Price),
    /// It stands where another stood, and has that one's id.
    Replaced(Price),
    /// The workspace has as many as it may.
    TooMany,
}

/// What makes two prices the same: model and provider as they are compared.
pub(super) fn keys(price: &PriceRequest) -> (String, String) {
    let provider = price.provider.as_deref().map(Provider::key).unwrap_or_default();
    (price.model.trim().to_lowercase(), provider)
}

/// A row of id, model, provider, updated_at and the four prices.
pub(super) fn price(row: &impl Columns) -> Result<Price, StoreError> {
    let there = |column| {
        let price = row.number_or_null(column)?;
        price.ok_or_else(|| StoreError::corrupt("a price without a number".to_owned()))
    };
    Ok(Price {
        id: row.uuid(0)?,
        price: PriceRequest {
            model: row.text(1)?.to_owned(),
            provider: row.text_or_null(2)?,
            input_usd_per_million: there(4)?,
            output_usd_per_million: there(5)?,
            cache_read_usd_per_million: row.number_or_null(6)?,
            cache_write_usd_per_million: row.number_or_null(7)?,
        },
        updated_at: row.moment(3)?,
    })
}

impl TraceStore {
    /// The workspace's own prices, by model and provider.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn prices(&self, workspace_id: Uuid) -> Result<Vec<Price>, StoreError> {
        match self {
            Self::Sqlite(store) => store.prices(workspace_id).await,
            Self::Postgres(store) => store.prices(workspace_id).await,
        }
    }

    /// Keeps a price; one for the same model and provider is replaced. A workspace has [`limit::PRICES`] at most.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn keep_price(&self, workspace_id: Uuid, price: &Price) -> Result<PriceKept, StoreError> {
        match self {
            Self::Sqlite(store) => store.keep_price(workspace_id, price, limit::PRICES).await,
            Self::Postgres(store) => store.keep_price(workspace_id, price, limit::PRICES).await,
        }
    }

    /// Keeps prices that are not here yet, with their ids, and answers how many those were.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn restore_prices(&self, workspace_id: Uuid, prices: &[Price]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(store) => store.restore_prices(workspace_id, prices).await,
            Self::Postgres(store) => store.restore_prices(workspace_id, prices).await,
        }
    }

    /// Removes a price. Answers whether it was there.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn remove_price(&self, workspace_id: Uuid, id: Uuid) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(store) => store.remove_price(workspace_id, id).await,
            Self::Postgres(store) => store.remove_price(workspace_id, id).await,
        }
    }
}

/// What both ways of keeping a price begin with.
macro_rules! insert {
    () => {
        "INSERT INTO model_prices (id, workspace_id, model, provider, model_key, provider_key, input, output, cache_read, \
         cache_write, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT (workspace_id, model_key, provider_key)"
    };
}
pub(super) use insert;

/// Gives a store its prices: `begin_write` and `begin_read` are its own methods that begin a transaction.
macro_rules! impl_prices {
    ($store:ty) => {
        impl $store {
            pub(in crate::trace) async fn prices(
                &self,
                workspace_id: uuid::Uuid,
            ) -> Result<Vec<shared::price::Price>, crate::error::StoreError> {
                let mut snapshot = self.begin_read().await?;
                let rows = sqlx::query(
                    "SELECT id, model, provider, updated_at, input, output, cache_read, cache_write FROM model_prices \
                     WHERE workspace_id = $1 ORDER BY model_key, provider_key",
                )
                .bind(workspace_id)
                .fetch_all(&mut *snapshot)
                .await?;
                rows.iter().map(crate::trace::price::price).collect()
            }

            pub(in crate::trace) async fn keep_price(
                &self,
                workspace_id: uuid::Uuid,
                price: &shared::price::Price,
                most: usize,
            ) -> Result<crate::trace::price::PriceKept, crate::error::StoreError> {
                use crate::trace::price::PriceKept;
                let (model_key, provider_key) = crate::trace::price::keys(&price.price);
                let mut transaction = self.begin_write().await?;
                // Of all but the one that it replaces.
                let others: i64 = sqlx::query_scalar(
                    "SELECT COUNT(*) FROM model_prices \
                     WHERE workspace_id = $1 AND NOT (model_key = $2 AND provider_key = $3)",
                )
                .bind(workspace_id)
                .bind(&model_key)
                .bind(&provider_key)
                .fetch_one(&mut *transaction)
                .await?;
                if usize::try_from(others).unwrap_or(0) >= most {
                    return Ok(PriceKept::TooMany);
                }
                let id: uuid::Uuid = sqlx::query_scalar(concat!(
                    crate::trace::price::insert!(),
                    " DO UPDATE SET model = excluded.model, provider = excluded.provider, input = excluded.input, \
                     output = excluded.output, cache_read = excluded.cache_read, cache_write = excluded.cache_write, \
                     updated_at = excluded.updated_at RETURNING id",
                ))
                .bind(price.id)
                .bind(workspace_id)
                .bind(&price.price.model)
                .bind(&price.price.provider)
                .bind(&model_key)
                .bind(&provider_key)
                .bind(price.price.input_usd_per_million)
                .bind(price.price.output_usd_per_million)
                .bind(price.price.cache_read_usd_per_million)
                .bind(price.price.cache_write_usd_per_million)
                .bind(crate::database::moment::Moment(price.updated_at))
                .fetch_one(&mut *transaction)
                .await?;
                transaction.commit().await?;
                let kept = shared::price::Price { id, ..price.clone() };
                Ok(if id == price.id { PriceKept::New(kept) } else { PriceKept::Replaced(kept) })
            }

            pub(in crate::trace) async fn restore_prices(
                &self,
                workspace_id: uuid::Uuid,
                prices: &[shared::price::Price],
            ) -> Result<u64, crate::error::StoreError> {
                let mut transaction = self.begin_write().await?;
                let mut new = 0;
                for price in prices {
                    let (model_key, provider_key) = crate::trace::price::keys(&price.price);
                    new += sqlx::query(concat!(crate::trace::price::insert!(), " DO NOTHING"))
                        .bind(price.id)
                        .bind(workspace_id)
                        .bind(&price.price.model)
                        .bind(&price.price.provider)
                        .bind(&model_key)
                        .bind(&provider_key)
                        .bind(price.price.input_usd_per_million)
                        .bind(price.price.output_usd_per_million)
                        .bind(price.price.cache_read_usd_per_million)
                        .bind(price.price.cache_write_usd_per_million)
                        .bind(crate::database::moment::Moment(price.updated_at))
                        .execute(&mut *transaction)
                        .await?
                        .rows_affected();
                }
                transaction.commit().await?;
                Ok(new)
            }

            pub(in crate::trace) async fn remove_price(
                &self,
                workspace_id: uuid::Uuid,
                id: uuid::Uuid,
            ) -> Result<bool, crate::error::StoreError> {
                let mut transaction = self.begin_write().await?;
                let removed = sqlx::query("DELETE FROM model_prices WHERE workspace_id = $1 AND id = $2")
                    .bind(workspace_id)
                    .bind(id)
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                transaction.commit().await?;
                Ok(removed > 0)
            }
        }
    };
}
pub(super) use impl_prices;
