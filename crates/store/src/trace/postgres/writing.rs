//! Changing traces in one transaction: spans that come by themselves, and what follows from them.
//!
//! A trace has its key from its first span on, taken before any lock. Everything else happens under the locks of the
//! workspaces: what is read of a trace is what it is until the transaction ends.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{
    rollup::change::Recount,
    trace::{
        assembly::Fact,
        record::{LooseSpan, NewTrace},
    },
};
use futures_util::TryStreamExt;
use shared::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Layout, PostgresTraces, insert,
    key::trace_key,
    rollup,
    write::{self, Key, Numbers, lock_workspaces, take_keys},
};
use crate::{
    database::{moment::Moment, postgres::Retries},
    error::StoreError,
    trace::{
        Written, gather,
        loose::LooseBatch,
        promotion::{Next, Promotion},
        recost::SpanCost,
        row,
        stored::{
            FactRows, Known, Numbered, Record, SpanRow, TraceName, TraceRow, Waiting, fact_columns,
            record_columns,
        },
        writing::Writing,
    },
};

/// Rows of traces by workspace, first and last moment, moments and numbers.
macro_rules! at {
    () => {
        "workspace_id = $1 AND timestamp >= $2 AND timestamp <= $3 AND timestamp = ANY($4) AND id = ANY($5)"
    };
}
impl PostgresTraces {
    pub(in crate::trace) async fn write_spans(&self, spans: &[&LooseSpan]) -> Result<Written, StoreError> {
        let mut batch = LooseBatch::new(spans)?;
        let mut retries = Retries::default();
        loop {
            match self.try_write_spans(&mut batch).await {
                // Where the commit was done after all, the second try finds every span there already.
                Err(StoreError::Database(error)) if retries.again(&error).await => {}
                done => return done,
            }
        }
    }

    async fn try_write_spans(&self, batch: &mut LooseBatch<'_>) -> Result<Written, StoreError> {
        let mut transaction = self.begin_write().await?;
        let numbers = Numbers::take(&mut transaction, batch.traces().len().max(batch.frames())).await?;
        batch.number_frames(|index| numbers.get(index));
        let key = |(index, (workspace_id, trace_id), about): (i64, TraceName<'_>, Timestamp)| {
            (trace_key(workspace_id, trace_id), about, numbers.get(index))
        };
        let keys: Vec<Key> =
            (0..).zip(batch.traces()).map(|(index, trace)| key((index, trace.name, trace.about()))).collect();
        take_keys(&mut transaction, &keys).await?;
        lock_workspaces(&mut transaction, batch.traces().iter().map(|trace| trace.name.0)).await?;
        let mut writing = PostgresWriting::new(&mut transaction, self.layout);
        writing.ours = keys.into_iter().map(|(.., id)| id).collect();
        let written = gather::write(&mut writing, batch).await?;
        transaction.commit().await?;
        Ok(written)
    }

    pub(in crate::trace) async fn promote(&self, before: Timestamp) -> Result<Vec<Uuid>, StoreError> {
        let mut promotion = Promotion::default();
        let mut retries = Retries::default();
        loop {
            let done = match self.try_promote(before, promotion.at_once()).await {
                Err(StoreError::Database(error)) if retries.again(&error).await => continue,
                done => done,
            };
            match promotion.after(done)? {
                Next::Promote => {}
                Next::PutOff => self.put_off(before).await?,
                Next::End(workspaces) => return Ok(workspaces),
            }
        }
    }

    /// Lets the first trace that is due wait on.
    async fn put_off(&self, before: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin_write().await?;
        sqlx::query(
            "UPDATE waiting_traces SET last_seen = $1 WHERE id = \
             (SELECT id FROM waiting_traces WHERE last_seen < $1 ORDER BY last_seen, id LIMIT 1)",
        )
        .bind(Moment(before))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Promotes some, and answers whose they were; nothing where none are left.
    async fn try_promote(&self, before: Timestamp, at_once: i64) -> Result<Option<Vec<Uuid>>, StoreError> {
        let mut transaction = self.begin_write().await?;
        let due: Vec<(Uuid, String)> = sqlx::query_as(
            "SELECT workspace_id, trace_id FROM waiting_traces WHERE last_seen < $1 ORDER BY last_seen, id LIMIT $2",
        )
        .bind(Moment(before))
        .bind(at_once)
        .fetch_all(&mut *transaction)
        .await?;
        if due.is_empty() {
            return Ok(None);
        }
        lock_workspaces(&mut transaction, due.iter().map(|&(workspace_id, _)| workspace_id)).await?;
        // Until the locks were to be had others may have written their spans, or done the same.
        let due: Vec<(i64, Uuid, String)> = sqlx::query_as(
            "SELECT id, workspace_id, trace_id FROM waiting_traces \
             JOIN UNNEST($1::UUID[], $2::TEXT[]) AS due (workspace_id, trace_id) USING (workspace_id, trace_id) \
             WHERE last_seen < $3 ORDER BY last_seen, id",
        )
        .bind(due.iter().map(|&(workspace_id, _)| workspace_id).collect::<Vec<_>>())
        .bind(due.iter().map(|(_, trace_id)| trace_id.as_str()).collect::<Vec<_>>())
        .bind(Moment(before))
        .fetch_all(&mut *transaction)
        .await?;
        let waiting: Vec<(i64, TraceName<'_>)> = due
            .iter()
            .map(|(id, workspace_id, trace_id)| (*id, (*workspace_id, trace_id.as_str())))
            .collect();
        if waiting.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let done =
            gather::promote(&mut PostgresWriting::new(&mut transaction, self.layout), &waiting).await?;
        transaction.commit().await?;
        Ok(Some(due.into_iter().take(done).map(|(_, workspace_id, _)| workspace_id).collect()))
    }
}

/// A transaction that holds the locks of the workspaces whose traces it changes.
pub(super) struct PostgresWriting<'c> {
    connection: &'c mut PgConnection,
    layout: Layout,
    /// The numbers under which keys were taken in this transaction, where nobody had them.
    ours: HashSet<i64>,
}

impl<'c> PostgresWriting<'c> {
    pub(super) fn new(connection: &'c mut PgConnection, layout: Layout) -> Self {
        Self { connection, layout, ours: HashSet::new() }
    }

    /// Notes with their keys when traces started.
    pub(super) async fn move_keys(
        &mut self,
        names: &[TraceName<'_>],
        times: &[Timestamp],
    ) -> Result<(), StoreError> {
        let keys = names.iter().map(|&(workspace_id, trace_id)| trace_key(workspace_id, trace_id));
        sqlx::query(
            "UPDATE trace_keys AS k SET timestamp = n.timestamp \
             FROM UNNEST($1::UUID[], $2::TIMESTAMPTZ[]) AS n (key, timestamp) \
             WHERE k.key = n.key AND k.timestamp <> n.timestamp",
        )
        .bind(keys.collect::<Vec<_>>())
        .bind(times.iter().map(|&time| Moment(time)).collect::<Vec<_>>())
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    /// The rows of traces of one workspace, by when they started and their numbers.
    async fn records(
        &mut self,
        workspace_id: Uuid,
        places: &[(Moment, i64)],
    ) -> Result<Vec<Record>, StoreError> {
        let (first, last) = span_of(places);
        let rows = sqlx::query(concat!("SELECT ", record_columns!(), " FROM traces WHERE ", at!()))
            .bind(workspace_id)
            .bind(first)
            .bind(last)
            .bind(places.iter().map(|&(moment, _)| moment).collect::<Vec<_>>())
            .bind(places.iter().map(|&(_, id)| id).collect::<Vec<_>>())
            .fetch_all(&mut *self.connection)
            .await?;
        rows.iter().map(Record::read).collect()
    }

    /// Which of these traces wait, and under which numbers.
    async fn waiting(&mut self, names: &[TraceName<'_>]) -> Result<HashSet<i64>, StoreError> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM waiting_traces \
             JOIN UNNEST($1::UUID[], $2::TEXT[]) AS n (workspace_id, trace_id) USING (workspace_id, trace_id)",
        )
        .bind(names.iter().map(|&(workspace_id, _)| workspace_id).collect::<Vec<_>>())
        .bind(names.iter().map(|&(_, trace_id)| trace_id).collect::<Vec<_>>())
        .fetch_all(&mut *self.connection)
        .await?;
        Ok(ids.into_iter().collect())
    }
}

/// How many spans the traces with these numbers have; nothing for those that have none.
pub(super) async fn span_counts(
    connection: &mut PgConnection,
    ids: &[i64],
) -> Result<HashMap<i64, usize>, StoreError> {
    let counts: Vec<(i64, i64)> =
        sqlx::query_as("SELECT trace, COUNT(*) FROM spans WHERE trace = ANY($1) GROUP BY trace")
            .bind(ids)
            .fetch_all(connection)
            .await?;
    Ok(counts.into_iter().map(|(id, count)| (id, usize::try_from(count).unwrap_or(usize::MAX))).collect())
}

/// The first and the last moment: whatever chunks and compressed rows lie outside are not looked into.
fn span_of(places: &[(Moment, i64)]) -> (Moment, Moment) {
    let moments = || places.iter().map(|&(Moment(moment), _)| moment);
    (Moment(moments().min().unwrap_or_default()), Moment(moments().max().unwrap_or_default()))
}

impl Writing for PostgresWriting<'_> {
    async fn numbered(&mut self, traces: &[TraceName<'_>]) -> Result<Vec<Numbered>, StoreError> {
        let keys: Vec<Uuid> =
            traces.iter().map(|&(workspace_id, trace_id)| trace_key(workspace_id, trace_id)).collect();
        let found: Vec<(Uuid, Moment, i64)> =
            sqlx::query_as("SELECT key, timestamp, id FROM trace_keys WHERE key = ANY($1)")
                .bind(&keys)
                .fetch_all(&mut *self.connection)
                .await?;
        let places: HashMap<Uuid, (Moment, i64)> =
            found.into_iter().map(|(key, moment, id)| (key, (moment, id))).collect();
        let mut old: BTreeMap<Uuid, Vec<(Moment, i64)>> = BTreeMap::new();
        for (key, &(workspace_id, _)) in keys.iter().zip(traces) {
            if let Some(&place) = places.get(key).filter(|(_, id)| !self.ours.contains(id)) {
                old.entry(workspace_id).or_default().push(place);
            }
        }
        let mut records: HashMap<i64, Record> = HashMap::new();
        for (workspace_id, places) in old {
            let found = self.records(workspace_id, &places).await?;
            records.extend(found.into_iter().map(|record| (record.id, record)));
        }
        let id = |key: &Uuid| places.get(key).map(|&(_, id)| id);
        let missing: Vec<TraceName<'_>> = keys
            .iter()
            .zip(traces)
            .filter(|(key, _)| {
                id(key).is_some_and(|id| !self.ours.contains(&id) && !records.contains_key(&id))
            })
            .map(|(_, &name)| name)
            .collect();
        let waiting = if missing.is_empty() { HashSet::new() } else { self.waiting(&missing).await? };
        let numbered = keys.iter().map(|key| {
            let Some(id) = id(key) else { return Numbered { id: 0, known: Known::Dropped } };
            let known = match records.remove(&id) {
                Some(record) => Known::Trace(Box::new(record)),
                None if self.ours.contains(&id) => Known::New,
                None if waiting.contains(&id) => Known::Waiting,
                None => Known::Dropped,
            };
            Numbered { id, known }
        });
        Ok(numbered.collect())
    }

    async fn span_counts(&mut self, ids: &[i64]) -> Result<HashMap<i64, usize>, StoreError> {
        span_counts(self.connection, ids).await
    }

    async fn facts(&mut self, ids: &[i64]) -> Result<HashMap<i64, Vec<Fact<'static>>>, StoreError> {
        let mut facts = FactRows::default();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut rows = sqlx::query(concat!("SELECT ", fact_columns!(), " FROM spans WHERE trace = ANY($1)"))
            .bind(ids)
            .fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await? {
            facts.push(&row)?;
        }
        Ok(facts.finish())
    }

    async fn error(&mut self, id: i64, span_id: &str) -> Result<Option<String>, StoreError> {
        let error = sqlx::query_scalar("SELECT error FROM spans WHERE trace = $1 AND span_id = $2");
        Ok(error.bind(id).bind(span_id).fetch_optional(&mut *self.connection).await?.flatten())
    }

    async fn insert_spans(
        &mut self,
        rows: &[SpanRow<'_>],
        frames: &[(i64, &[u8])],
    ) -> Result<(), StoreError> {
        insert::spans(self.connection, rows).await?;
        // Of a trace whose start is not known yet nobody can say when it is to be dropped: not before this.
        let wanted = rows.iter().map(|row| {
            let arrived = row.loose.map_or(row.span.timestamp, |loose| loose.arrived);
            (row.payload.frame, arrived.max(row.span.timestamp))
        });
        insert::payloads(self.connection, frames, wanted).await
    }

    async fn recost_spans(&mut self, costs: &[SpanCost<'_>]) -> Result<HashSet<i64>, StoreError> {
        if costs.is_empty() {
            return Ok(HashSet::new());
        }
        let changed: Vec<i64> = sqlx::query_scalar(
            "UPDATE spans AS s SET cost = n.cost, cost_basis = n.basis, price = n.price \
             FROM UNNEST($1::BIGINT[], $2::TEXT[], $3::BIGINT[], $4::SMALLINT[], $5::TEXT[]) \
             AS n (trace, span_id, cost, basis, price) WHERE s.trace = n.trace AND s.span_id = n.span_id \
             AND (s.cost, s.cost_basis, s.price) IS DISTINCT FROM (n.cost, n.basis, n.price) RETURNING s.trace",
        )
        .bind(costs.iter().map(|cost| cost.trace).collect::<Vec<_>>())
        .bind(costs.iter().map(|cost| cost.span_id).collect::<Vec<_>>())
        .bind(costs.iter().map(|cost| cost.cost).collect::<Vec<_>>())
        .bind(costs.iter().map(|cost| row::basis_number(cost.basis)).collect::<Vec<_>>())
        .bind(costs.iter().map(|cost| row::basis_price(cost.basis)).collect::<Vec<_>>())
        .fetch_all(&mut *self.connection)
        .await?;
        Ok(changed.into_iter().collect())
    }

    async fn wait(&mut self, waiting: &[Waiting<'_>]) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO waiting_traces AS w (id, last_seen, workspace_id, trace_id) \
             SELECT * FROM UNNEST($1::BIGINT[], $2::TIMESTAMPTZ[], $3::UUID[], $4::TEXT[]) \
             ON CONFLICT (workspace_id, trace_id) DO UPDATE SET last_seen = GREATEST(w.last_seen, excluded.last_seen)",
        )
        .bind(waiting.iter().map(|waiting| waiting.id).collect::<Vec<_>>())
        .bind(waiting.iter().map(|waiting| Moment(waiting.last_seen)).collect::<Vec<_>>())
        .bind(waiting.iter().map(|waiting| waiting.name.0).collect::<Vec<_>>())
        .bind(waiting.iter().map(|waiting| waiting.name.1).collect::<Vec<_>>())
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    async fn end_waiting(&mut self, traces: &[TraceName<'_>]) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM waiting_traces AS w USING UNNEST($1::UUID[], $2::TEXT[]) AS n (workspace_id, trace_id) \
             WHERE w.workspace_id = n.workspace_id AND w.trace_id = n.trace_id",
        )
        .bind(traces.iter().map(|&(workspace_id, _)| workspace_id).collect::<Vec<_>>())
        .bind(traces.iter().map(|&(_, trace_id)| trace_id).collect::<Vec<_>>())
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    async fn insert(&mut self, rows: &[TraceRow<'_>]) -> Result<(), StoreError> {
        insert::traces(self.connection, rows).await?;
        let names: Vec<TraceName<'_>> =
            rows.iter().map(|row| (row.trace.workspace_id, row.trace.trace_id.as_str())).collect();
        self.move_keys(&names, &rows.iter().map(|row| row.trace.timestamp).collect::<Vec<_>>()).await
    }

    async fn replace(&mut self, changes: &[(Record, Record)]) -> Result<(), StoreError> {
        // Not an update: a row of a hypertable cannot move from one chunk into another.
        let mut places: BTreeMap<Uuid, Vec<(Moment, i64)>> = BTreeMap::new();
        for (before, _) in changes {
            let place = (Moment(before.trace.timestamp), before.id);
            places.entry(before.trace.workspace_id).or_default().push(place);
        }
        for (workspace_id, places) in places {
            let (first, last) = span_of(&places);
            sqlx::query(concat!("DELETE FROM traces WHERE ", at!()))
                .bind(workspace_id)
                .bind(first)
                .bind(last)
                .bind(places.iter().map(|&(moment, _)| moment).collect::<Vec<_>>())
                .bind(places.iter().map(|&(_, id)| id).collect::<Vec<_>>())
                .execute(&mut *self.connection)
                .await?;
        }
        self.insert(&changes.iter().map(|(_, after)| after.row()).collect::<Vec<_>>()).await
    }

    async fn recount(&mut self, recount: Recount<'_>) -> Result<(), StoreError> {
        rollup::recount(self.connection, self.layout, recount).await
    }

    async fn score(&mut self, new: &[&NewTrace]) -> Result<(), StoreError> {
        write::apply_waiting_scores(self.connection, self.layout, new).await
    }
}
