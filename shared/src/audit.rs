//! The audit log of a workspace.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::Timestamp;

/// The kind of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person.
    User,
    /// A program with an API key.
    ApiKey,
    /// The operator of the server, on the command line.
    Operator,
}

impl ActorKind {
    const ALL: [Self; 3] = [Self::User, Self::ApiKey, Self::Operator];

    /// Returns the name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ApiKey => "api_key",
            Self::Operator => "operator",
        }
    }

    /// Returns the kind with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Actor {
    /// The kind.
    pub kind: ActorKind,
    /// The id of the account or the API key. Absent for the operator.
    pub id: Option<Uuid>,
    /// The e-mail address of the account at that time.
    pub email: Option<String>,
}

/// One change, by whom, when and from where. Never contains inputs, outputs, secrets or tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEvent {
    /// The id.
    pub id: Uuid,
    /// The time.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What was done: `noun.verb`, such as `api_key.create`.
    pub action: String,
    /// What it was done to: usually an id.
    pub target: Option<String>,
    /// The client's network address. Absent for the operator.
    pub address: Option<String>,
    /// Further facts, such as a changed role.
    pub details: Map<String, Value>,
}

/// The audit log, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// The events.
    pub items: Vec<AuditEvent>,
    /// The `cursor` of the next page. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
