//! The prices of a workspace, which take precedence over the public prices, and reprices.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Timestamp,
    auth::check_name,
    cost::PriceTable,
    error::{FieldError, check},
    limit,
};

/// The price of a model, in US dollars per million tokens, each from 0 to 1000000. Replaces the price of the same model and
/// provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceRequest {
    /// The model, as in spans: 1 to 256 bytes without control characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub model: String,
    /// The provider, as in spans. Absent: any provider.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The price of input tokens.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
    pub input_usd_per_million: f64,
    /// The price of output tokens.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
    pub output_usd_per_million: f64,
    /// The price of input tokens read from the cache of the provider. Default: `input_usd_per_million`.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_usd_per_million: Option<f64>,
    /// The price of input tokens written to the cache of the provider. Default: `input_usd_per_million`.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_usd_per_million: Option<f64>,
}

impl PriceRequest {
    /// Returns an error for every invalid field.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let range = 0.0..=f64::from(limit::USD_PER_MILLION);
        let check_price = |price: f64| check(range.contains(&price), "must be from 0 to 1000000");
        FieldError::all([
            ("model", check_name(&self.model)),
            ("provider", self.provider.as_deref().map_or(Ok(()), check_name)),
            ("input_usd_per_million", check_price(self.input_usd_per_million)),
            ("output_usd_per_million", check_price(self.output_usd_per_million)),
            ("cache_read_usd_per_million", self.cache_read_usd_per_million.map_or(Ok(()), check_price)),
            ("cache_write_usd_per_million", self.cache_write_usd_per_million.map_or(Ok(()), check_price)),
        ])
    }
}

/// A stored price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Price {
    /// The id of the price.
    pub id: Uuid,
    /// The price.
    #[serde(flatten)]
    pub price: PriceRequest,
    /// The time of the creation or replacement.
    pub updated_at: Timestamp,
}

/// The price that currently applies to a model, in US dollars per million tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceLookup {
    /// The model of the matching entry.
    pub model: String,
    /// The provider of the matching entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The price table with the matching entry.
    pub table: PriceTable,
    /// The price of input tokens.
    pub input_usd_per_million: f64,
    /// The price of output tokens.
    pub output_usd_per_million: f64,
    /// The price of input tokens read from the cache of the provider.
    pub cache_read_usd_per_million: f64,
    /// The price of input tokens written to the cache of the provider.
    pub cache_write_usd_per_million: f64,
    /// The prices of calls with many input tokens, in ascending order of `over_input_tokens`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<PriceTier>,
}

/// The prices of all tokens of a call with many input tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceTier {
    /// The prices apply to calls with more input tokens than this.
    pub over_input_tokens: u64,
    /// The price of input tokens.
    pub input_usd_per_million: f64,
    /// The price of output tokens.
    pub output_usd_per_million: f64,
    /// The price of input tokens read from the cache of the provider.
    pub cache_read_usd_per_million: f64,
    /// The price of input tokens written to the cache of the provider.
    pub cache_write_usd_per_million: f64,
}

/// The query of a price lookup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query, style = Form))]
pub struct PriceLookupQuery {
    /// The model, as in spans: 1 to 256 bytes without control characters.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", param(required, min_length = 1, max_length = 256))]
    pub model: String,
    /// The provider, as in spans. Absent or empty: any provider.
    #[cfg_attr(feature = "openapi", param(max_length = 256))]
    pub provider: Option<String>,
}

impl PriceLookupQuery {
    /// Returns an error for every invalid field.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let provider = self.provider.as_deref().filter(|provider| !provider.is_empty());
        FieldError::all([
            ("model", check_name(&self.model)),
            ("provider", provider.map_or(Ok(()), check_name)),
        ])
    }
}

/// The traces to reprice: those that start in `[start, end)`. Reported costs do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RepriceRequest {
    /// The start of the window.
    pub start: Timestamp,
    /// The end of the window, exclusive: after `start`, by at most 366 days.
    pub end: Timestamp,
}

impl RepriceRequest {
    /// Returns an error for every invalid field.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        if self.start >= self.end {
            return vec![FieldError::new("end", "must be after start")];
        }
        let days = limit::RANGE_DAYS;
        if self.end.since(self.start).as_secs() > days * 86_400 {
            return vec![FieldError::new("start", format!("must be at most {days} days before end"))];
        }
        Vec::new()
    }
}

/// A recalculation of costs with current prices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reprice {
    /// The id of the reprice.
    pub id: Uuid,
    /// The window.
    #[serde(flatten)]
    pub request: RepriceRequest,
    /// The time of the request.
    pub created_at: Timestamp,
    /// The time at which it finished. Absent while it is in progress.
    pub finished_at: Option<Timestamp>,
    /// The number of processed traces.
    pub traces_seen: u64,
    /// The number of traces with a changed cost.
    pub traces_changed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price() -> PriceRequest {
        PriceRequest { model: "m".to_owned(), ..PriceRequest::default() }
    }

    #[test]
    fn a_price_is_a_finite_number_from_0_to_1000000() {
        assert_eq!(price().validate(), []);
        let max =
            PriceRequest { output_usd_per_million: 1e6, provider: Some("openai".to_owned()), ..price() };
        assert_eq!(max.validate(), []);
        for invalid in [-0.1, 1_000_000.1, f64::NAN, f64::INFINITY] {
            let price = PriceRequest {
                model: " ".to_owned(),
                provider: Some("a\nb".to_owned()),
                input_usd_per_million: invalid,
                output_usd_per_million: invalid,
                cache_read_usd_per_million: Some(invalid),
                cache_write_usd_per_million: Some(invalid),
            };
            let fields: Vec<_> = price.validate().into_iter().map(|error| error.field).collect();
            let all = ["model", "provider", "input_usd_per_million", "output_usd_per_million"];
            let caches = ["cache_read_usd_per_million", "cache_write_usd_per_million"];
            assert_eq!(fields, all.into_iter().chain(caches).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_reprice_window_starts_before_its_end_and_is_at_most_366_days_long() {
        let fields = |start, end| {
            let request =
                RepriceRequest { start: Timestamp::from_millis(start), end: Timestamp::from_millis(end) };
            request.validate().into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        assert!(fields(0, 366 * 86_400_000).is_empty());
        assert_eq!(fields(5, 5), ["end"]);
        assert_eq!(fields(0, 366 * 86_400_000 + 1_000), ["start"]);
    }
}
