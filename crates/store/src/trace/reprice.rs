//! Pricings anew: what was asked for, who works on it, and how far it has come. The statements are the same on every
//! engine; only the types of its connections differ, which is what the macro is for.

use domain::trace::cursor::Cursor;
use shared::{
    Timestamp, limit,
    page::ItemList,
    price::{Reprice, RepriceRequest},
};
use uuid::Uuid;

use super::{
    StoreError, TraceStore,
    row::{self, Columns},
};

/// Pricings that are listed at most.
const LISTED: i64 = 50;

/// Somebody's turn to work on a pricing anew.
#[derive(Clone, Debug, PartialEq)]
pub struct RepriceTurn {
    /// Whose traces.
    pub workspace_id: Uuid,
    /// The pricing.
    pub reprice: Reprice,
    /// The last trace that is done; none at the beginning.
    pub last: Option<Cursor>,
    /// Who works on it.
    pub worker: Uuid,
}

/// How far somebody came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepriceStep {
    /// The last trace that is done.
    pub last: Option<Cursor>,
    /// Traces that were looked at.
    pub seen: u64,
    /// Traces whose cost changed.
    pub changed: u64,
    /// When everything was done; absent where there is more.
    pub finished_at: Option<Timestamp>,
    /// Until when nobody else takes it.
    pub leased_until: Timestamp,
}

/// The columns of [`turn`].
macro_rules! columns {
    () => {
        "id, window_start, window_end, created_at, traces_seen, traces_changed, workspace_id, last_trace, last_start, \
         finished_at"
    };
}
pub(super) use columns;

/// Reads a row of [`columns`].
pub(super) fn turn(row: &impl Columns, worker: Uuid) -> Result<RepriceTurn, StoreError> {
    Ok(RepriceTurn {
        workspace_id: row.uuid(6)?,
        reprice: Reprice {
            id: row.uuid(0)?,
            request: RepriceRequest { start: row.moment(1)?, end: row.moment(2)? },
            created_at: row.moment(3)?,
            finished_at: row.moment_or_null(9)?,
            traces_seen: row::count(row.integer(4)?),
            traces_changed: row::count(row.integer(5)?),
        },
        last: row
            .moment_or_null(8)?
            .zip(row.integer_or_null(7)?)
            .map(|(timestamp, id)| Cursor { timestamp, id }),
        worker,
    })
}

impl TraceStore {
    /// Asks for a pricing anew. Where one of the same window is under way already, that one is answered; nothing where the
    /// workspace has [`limit::REPRICES_AT_ONCE`] under way.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn begin_reprice(
        &self,
        workspace_id: Uuid,
        request: RepriceRequest,
        now: Timestamp,
    ) -> Result<Option<Reprice>, StoreError> {
        let most = limit::REPRICES_AT_ONCE;
        match self {
            Self::Sqlite(store) => store.begin_reprice(workspace_id, request, now, most).await,
            Self::Postgres(store) => store.begin_reprice(workspace_id, request, now, most).await,
        }
    }

    /// The workspace's newest pricings anew, and how many there were.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn reprices(&self, workspace_id: Uuid) -> Result<ItemList<Reprice>, StoreError> {
        match self {
            Self::Sqlite(store) => store.reprices(workspace_id, LISTED).await,
            Self::Postgres(store) => store.reprices(workspace_id, LISTED).await,
        }
    }

    /// Takes the oldest pricing anew that is under way and that nobody works on, until some moment: nobody else is given it
    /// until then.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn take_reprice(
        &self,
        worker: Uuid,
        now: Timestamp,
        leased_until: Timestamp,
    ) -> Result<Option<RepriceTurn>, StoreError> {
        match self {
            Self::Sqlite(store) => store.take_reprice(worker, now, leased_until).await,
            Self::Postgres(store) => store.take_reprice(worker, now, leased_until).await,
        }
    }

    /// Notes how far a pricing has come. Answers whether it is still the worker's: another may have taken it over.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn step_reprice(&self, turn: &RepriceTurn, step: RepriceStep) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(store) => store.step_reprice(turn, step).await,
            Self::Postgres(store) => store.step_reprice(turn, step).await,
        }
    }
}

/// Gives a store its pricings anew: `begin_write` and `begin_read` are its own methods that begin a transaction.
macro_rules! impl_reprices {
    ($store:ty) => {
        impl $store {
            pub(in crate::trace) async fn begin_reprice(
                &self,
                workspace_id: uuid::Uuid,
                request: shared::price::RepriceRequest,
                now: shared::Timestamp,
                most: usize,
            ) -> Result<Option<shared::price::Reprice>, crate::error::StoreError> {
                use crate::database::moment::Moment;
                let mut transaction = self.begin_write().await?;
                let open: i64 = sqlx::query_scalar(
                    "SELECT COUNT(*) FROM reprices WHERE workspace_id = $1 AND finished_at IS NULL \
                     AND NOT (window_start = $2 AND window_end = $3)",
                )
                .bind(workspace_id)
                .bind(Moment(request.start))
                .bind(Moment(request.end))
                .fetch_one(&mut *transaction)
                .await?;
                if usize::try_from(open).unwrap_or(0) >= most {
                    return Ok(None);
                }
                // Nothing changes where there is one, and its row is answered.
                let row = sqlx::query(concat!(
                    "INSERT INTO reprices (id, workspace_id, window_start, window_end, created_at, traces_seen, \
                     traces_changed) VALUES ($1, $2, $3, $4, $5, 0, 0) \
                     ON CONFLICT (workspace_id, window_start, window_end) WHERE finished_at IS NULL \
                     DO UPDATE SET created_at = reprices.created_at RETURNING ",
                    crate::trace::reprice::columns!()
                ))
                .bind(uuid::Uuid::new_v4())
                .bind(workspace_id)
                .bind(Moment(request.start))
                .bind(Moment(request.end))
                .bind(Moment(now))
                .fetch_one(&mut *transaction)
                .await?;
                let turn = crate::trace::reprice::turn(&row, uuid::Uuid::nil())?;
                transaction.commit().await?;
                Ok(Some(turn.reprice))
            }

            pub(in crate::trace) async fn reprices(
                &self,
                workspace_id: uuid::Uuid,
                limit: i64,
            ) -> Result<shared::page::ItemList<shared::price::Reprice>, crate::error::StoreError> {
                let mut snapshot = self.begin_read().await?;
                let rows = sqlx::query(concat!(
                    "SELECT ",
                    crate::trace::reprice::columns!(),
                    " FROM reprices WHERE workspace_id = $1 ORDER BY created_at DESC, id LIMIT $2"
                ))
                .bind(workspace_id)
                .bind(limit)
                .fetch_all(&mut *snapshot)
                .await?;
                let total: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM reprices WHERE workspace_id = $1")
                    .bind(workspace_id)
                    .fetch_one(&mut *snapshot)
                    .await?;
                let items = rows
                    .iter()
                    .map(|row| {
                        let turn = crate::trace::reprice::turn(row, uuid::Uuid::nil())?;
                        Ok(turn.reprice)
                    })
                    .collect::<Result<_, crate::error::StoreError>>()?;
                Ok(shared::page::ItemList { items, total: crate::trace::row::count(total) })
            }

            pub(in crate::trace) async fn take_reprice(
                &self,
                worker: uuid::Uuid,
                now: shared::Timestamp,
                leased_until: shared::Timestamp,
            ) -> Result<Option<crate::trace::reprice::RepriceTurn>, crate::error::StoreError> {
                use crate::database::moment::Moment;
                // Mostly there is nothing: found out without a transaction that writes.
                let mut snapshot = self.begin_read().await?;
                let free: Option<uuid::Uuid> = sqlx::query_scalar(
                    "SELECT id FROM reprices WHERE finished_at IS NULL \
                     AND (leased_until IS NULL OR leased_until <= $1) ORDER BY created_at, id LIMIT 1",
                )
                .bind(Moment(now))
                .fetch_optional(&mut *snapshot)
                .await?;
                drop(snapshot);
                let Some(free) = free else { return Ok(None) };
                let mut transaction = self.begin_write().await?;
                // Another may have been quicker.
                let row = sqlx::query(concat!(
                    "UPDATE reprices SET worker = $1, leased_until = $2 WHERE id = $3 AND finished_at IS NULL \
                     AND (leased_until IS NULL OR leased_until <= $4) RETURNING ",
                    crate::trace::reprice::columns!()
                ))
                .bind(worker)
                .bind(Moment(leased_until))
                .bind(free)
                .bind(Moment(now))
                .fetch_optional(&mut *transaction)
                .await?;
                let turn = match row {
                    Some(row) => Some(crate::trace::reprice::turn(&row, worker)?),
                    None => None,
                };
                transaction.commit().await?;
                Ok(turn)
            }

            pub(in crate::trace) async fn step_reprice(
                &self,
                turn: &crate::trace::reprice::RepriceTurn,
                step: crate::trace::reprice::RepriceStep,
            ) -> Result<bool, crate::error::StoreError> {
                use crate::database::moment::Moment;
                let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
                let mut transaction = self.begin_write().await?;
                let done = sqlx::query(
                    "UPDATE reprices SET last_trace = $1, traces_seen = traces_seen + $2, \
                     traces_changed = traces_changed + $3, finished_at = $4, leased_until = $5, last_start = $8 \
                     WHERE id = $6 AND worker = $7 AND finished_at IS NULL",
                )
                .bind(step.last.map(|last| last.id))
                .bind(count(step.seen))
                .bind(count(step.changed))
                .bind(step.finished_at.map(Moment))
                .bind(Moment(step.leased_until))
                .bind(turn.reprice.id)
                .bind(turn.worker)
                .bind(step.last.map(|last| Moment(last.timestamp)))
                .execute(&mut *transaction)
                .await?
                .rows_affected();
                transaction.commit().await?;
                Ok(done > 0)
            }
        }
    };
}
pub(super) use impl_reprices;
