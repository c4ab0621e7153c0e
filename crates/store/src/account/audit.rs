//! The audit log of workspaces.

use serde_json::{Map, Value};
use shared::{
    Timestamp,
    audit::{Actor, ActorKind, AuditEvent},
    time_range::Window,
};
use uuid::Uuid;

use super::{AccountError, AccountStore};
use crate::{database::timestamp::SqlTimestamp, error::StoreError};

/// An event to record.
#[derive(Clone, Debug)]
pub struct NewAuditEvent {
    /// The workspace.
    pub workspace_id: Uuid,
    /// The time.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What was done: `noun.verb`.
    pub action: String,
    /// What it was done to.
    pub target: Option<String>,
    /// The client's network address.
    pub address: Option<String>,
    /// Further facts.
    pub details: Map<String, Value>,
}

/// Which events to list.
#[derive(Clone, Debug)]
pub struct AuditFilter {
    /// The workspace.
    pub workspace_id: Uuid,
    /// The time of the events.
    pub window: Window,
    /// The action, or its noun: `api_key` finds `api_key.create`.
    pub action: Option<String>,
    /// The id or the e-mail of the actor.
    pub actor: Option<String>,
    /// The last event of the previous page.
    pub after: Option<(Timestamp, Uuid)>,
    /// The maximum number of events.
    pub limit: u32,
}

#[derive(sqlx::FromRow)]
struct AuditRow {
    id: Uuid,
    at: SqlTimestamp,
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_email: Option<String>,
    action: String,
    target: Option<String>,
    address: Option<String>,
    details: String,
}

impl AuditRow {
    fn into_event(self) -> Result<AuditEvent, AccountError> {
        let corrupt = || StoreError::corrupt(format!("audit event {} cannot be read", self.id));
        let kind = ActorKind::parse(&self.actor_kind).ok_or_else(corrupt)?;
        let details = serde_json::from_str(&self.details).map_err(|_| corrupt())?;
        Ok(AuditEvent {
            id: self.id,
            at: self.at.0,
            actor: Actor { kind, id: self.actor_id, email: self.actor_email },
            action: self.action,
            target: self.target,
            address: self.address,
            details,
        })
    }
}

impl AccountStore {
    /// Records an event.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn create_audit_event(&self, event: &NewAuditEvent) -> Result<(), AccountError> {
        let mut transaction = self.database.write().await?;
        transaction
            .sql(
                "INSERT INTO audit_events (workspace_id, at, id, actor_kind, actor_id, actor_email, action, target, \
                 address, details) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(event.workspace_id)
            .bind(SqlTimestamp(event.at))
            .bind(Uuid::new_v4())
            .bind(event.actor.kind.as_str())
            .bind(event.actor.id)
            .bind(&event.actor.email)
            .bind(&event.action)
            .bind(&event.target)
            .bind(&event.address)
            .bind(Value::Object(event.details.clone()).to_string())
            .execute()
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Returns the events that match a filter, newest first.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_audit_events(&self, filter: &AuditFilter) -> Result<Vec<AuditEvent>, AccountError> {
        let mut statement = self.database.sql(
            "SELECT id, at, actor_kind, actor_id, actor_email, action, target, address, details FROM audit_events \
             WHERE workspace_id = ",
        );
        statement
            .push_bind(filter.workspace_id)
            .push(" AND at >= ")
            .push_bind(SqlTimestamp(filter.window.start))
            .push(" AND at < ")
            .push_bind(SqlTimestamp(filter.window.end));
        if let Some(action) = &filter.action {
            statement
                .push(" AND (action = ")
                .push_bind(action)
                .push(" OR (action > ")
                .push_bind(format!("{action}."))
                .push(" AND action < ")
                .push_bind(format!("{action}/"))
                .push("))");
        }
        if let Some(actor) = &filter.actor {
            statement.push(" AND (actor_email = ").push_bind(super::normalize_email(actor));
            if let Ok(id) = Uuid::parse_str(actor) {
                statement.push(" OR actor_id = ").push_bind(id);
            }
            statement.push(")");
        }
        if let Some((at, id)) = filter.after {
            statement
                .push(" AND (at, id) < (")
                .push_bind(SqlTimestamp(at))
                .push(", ")
                .push_bind(id)
                .push(")");
        }
        statement.push(" ORDER BY at DESC, id DESC LIMIT ").push_bind(i64::from(filter.limit));
        let rows: Vec<AuditRow> = statement.fetch_all().await?;
        rows.into_iter().map(AuditRow::into_event).collect()
    }
}
