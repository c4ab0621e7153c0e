//! API keys, which authenticate agents.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Timestamp,
    access::Scope,
    auth::check_name,
    error::{FieldError, check},
    limit,
};

/// The prefix of every key, so that scanners detect leaked keys.
pub const PREFIX: &str = "ao_";

/// The settings of a new key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateApiKeyRequest {
    /// The name, such as `production`: 1 to 256 bytes without control characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub name: String,
    /// What the key may do. Default: `["ingest"]`.
    #[serde(default = "default_scopes", skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(min_items = 1))]
    pub scopes: Vec<Scope>,
    /// When the key expires. Absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The maximum number of requests per minute, within the limit of the workspace: 1 to 1,000,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000_000))]
    pub rate_limit: Option<u32>,
}

fn default_scopes() -> Vec<Scope> {
    vec![Scope::Ingest]
}

impl CreateApiKeyRequest {
    /// Returns an error for every invalid field. A key that expires must do so after `now`.
    #[must_use]
    pub fn validate(&self, now: Timestamp) -> Vec<FieldError> {
        let in_future = self.expires_at.is_none_or(|at| at > now);
        let in_range = self.rate_limit.is_none_or(|limit| (1..=limit::KEY_RATE_LIMIT).contains(&limit));
        FieldError::all([
            ("name", check_name(&self.name)),
            ("scopes", check(!self.scopes.is_empty(), "must name at least one scope")),
            ("expires_at", check(in_future, "must be in the future")),
            ("rate_limit", check(in_range, "must be from 1 to 1,000,000")),
        ])
    }
}

/// A stored key, without the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// The id of the key.
    pub id: Uuid,
    /// The name.
    pub name: String,
    /// The first characters of the key, which identify it.
    pub prefix: String,
    /// The time of the creation.
    pub created_at: Timestamp,
    /// The time of the last use, accurate to a minute. Absent if the key was never used.
    pub last_used_at: Option<Timestamp>,
    /// What the key may do.
    pub scopes: Vec<Scope>,
    /// When the key expires. Absent: never.
    pub expires_at: Option<Timestamp>,
    /// The maximum number of requests per minute. Absent: the limit of the workspace.
    pub rate_limit: Option<u32>,
    /// The account that created the key.
    pub created_by: Uuid,
}

/// A new key. Only this response contains the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateApiKeyResponse {
    /// The key: `ao_` and 43 characters.
    pub key: String,
    /// The stored key.
    #[serde(flatten)]
    pub api_key: ApiKey,
}
