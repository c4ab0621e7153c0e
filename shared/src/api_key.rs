//! API keys, which authenticate agents.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Timestamp, auth::check_name, error::FieldError};

/// The prefix of every key, so that scanners detect leaked keys.
pub const PREFIX: &str = "ao_";

/// The settings of a new key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateApiKeyRequest {
    /// The name, such as `production`: 1 to 256 bytes without control characters.
    pub name: String,
}

impl CreateApiKeyRequest {
    /// Returns an error for every invalid field.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        FieldError::all([("name", check_name(&self.name))])
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
