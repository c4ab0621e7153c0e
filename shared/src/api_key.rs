//! API keys: what an agent sends instead of a login.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Timestamp, auth::check_name, error::FieldError};

/// What every key begins with, so that a scanner finds a leaked one.
pub const PREFIX: &str = "ao_";

/// A new key's name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateApiKeyRequest {
    /// What the key is for, like `production`.
    pub name: String,
}

impl CreateApiKeyRequest {
    /// Every field that is wrong.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        check_name(&self.name).err().map(|detail| FieldError::new("name", detail)).into_iter().collect()
    }
}

/// A key as it is listed: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// What revoking it takes.
    pub id: Uuid,
    /// What the key is for.
    pub name: String,
    /// The key's first characters, to recognise it by.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last let something in, to the minute; absent where never.
    pub last_used_at: Option<Timestamp>,
}

/// A new key, the only time it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateApiKeyResponse {
    /// The key: `ao_` and 43 characters.
    pub key: String,
    /// How it will be listed.
    #[serde(flatten)]
    pub api_key: ApiKey,
}
