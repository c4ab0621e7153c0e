//! A workspace's own prices of models, which go before the public ones.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// A price to be kept: US dollars for a million tokens. One for the same model and provider is replaced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceRequest {
    /// The model, as spans name it.
    pub model: String,
    /// Only where this provider serves it; any, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// For tokens that go in.
    pub input_usd_per_million: f64,
    /// For tokens that come out.
    pub output_usd_per_million: f64,
    /// For tokens read from the provider's cache; as others that go in, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_usd_per_million: Option<f64>,
    /// For tokens written to the provider's cache; as others that go in, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_usd_per_million: Option<f64>,
}

/// A price that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Price {
    /// Its id.
    pub id: Uuid,
    /// What it says.
    #[serde(flatten)]
    pub price: PriceRequest,
    /// When it was made or replaced.
    pub updated_at: Timestamp,
}

/// What is to be priced anew: everything that started in `[start, end)` and whose cost was not reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RepriceRequest {
    /// The first moment.
    pub start: Timestamp,
    /// The moment after the last.
    pub end: Timestamp,
}

/// A pricing anew, under way or done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reprice {
    /// Its id.
    pub id: Uuid,
    /// What it goes over.
    #[serde(flatten)]
    pub request: RepriceRequest,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was done; absent while it is under way.
    pub finished_at: Option<Timestamp>,
    /// Traces that it looked at.
    pub traces_seen: u64,
    /// Traces whose cost it changed.
    pub traces_changed: u64,
}
