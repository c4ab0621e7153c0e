//! A workspace's own prices of models, which go before the public ones.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Timestamp, auth::check_name, cost::PriceTable, error::FieldError, limit};

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

impl PriceRequest {
    /// Every field that is wrong.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let provider = self.provider.as_deref().map_or(Ok(()), check_name);
        let names = [("model", check_name(&self.model)), ("provider", provider)];
        let names = names.into_iter().filter_map(|(field, check)| Some(FieldError::new(field, check.err()?)));
        let prices = [
            ("input_usd_per_million", Some(self.input_usd_per_million)),
            ("output_usd_per_million", Some(self.output_usd_per_million)),
            ("cache_read_usd_per_million", self.cache_read_usd_per_million),
            ("cache_write_usd_per_million", self.cache_write_usd_per_million),
        ];
        let most = f64::from(limit::USD_PER_MILLION);
        let wrong =
            prices.into_iter().filter(|(_, price)| price.is_some_and(|price| !(0.0..=most).contains(&price)));
        names
            .chain(wrong.map(|(field, _)| {
                FieldError::new(field, format!("must be from 0 to {}", limit::USD_PER_MILLION))
            }))
            .collect()
    }
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

/// What a million tokens of a model cost today, as costs are computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceLookup {
    /// What the table calls the model.
    pub model: String,
    /// What the table calls its provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Which price table knows it.
    pub table: PriceTable,
    /// For tokens that go in.
    pub input_usd_per_million: f64,
    /// For tokens that come out.
    pub output_usd_per_million: f64,
    /// For tokens read from the provider's cache.
    pub cache_read_usd_per_million: f64,
    /// For tokens written to the provider's cache.
    pub cache_write_usd_per_million: f64,
    /// What all tokens of a call cost into which more goes; ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<PriceTier>,
}

/// Prices of calls into which more tokens go.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PriceTier {
    /// These prices hold where more tokens than this go in.
    pub over_input_tokens: u64,
    /// For tokens that go in.
    pub input_usd_per_million: f64,
    /// For tokens that come out.
    pub output_usd_per_million: f64,
    /// For tokens read from the provider's cache.
    pub cache_read_usd_per_million: f64,
    /// For tokens written to the provider's cache.
    pub cache_write_usd_per_million: f64,
}

/// Which price is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceLookupQuery {
    /// The model, as spans name it.
    #[serde(default)]
    pub model: String,
    /// Who serves it, as spans name them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

impl PriceLookupQuery {
    /// Every field that is wrong.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let provider = self.provider.as_deref().filter(|provider| !provider.is_empty());
        let checks = [("model", check_name(&self.model)), ("provider", provider.map_or(Ok(()), check_name))];
        checks.into_iter().filter_map(|(field, check)| Some(FieldError::new(field, check.err()?))).collect()
    }
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

impl RepriceRequest {
    /// Every field that is wrong.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn price() -> PriceRequest {
        PriceRequest { model: "m".to_owned(), ..PriceRequest::default() }
    }

    #[test]
    fn a_price_is_a_finite_number_of_dollars_from_nothing_to_a_million() {
        assert_eq!(price().validate(), []);
        let most =
            PriceRequest { output_usd_per_million: 1e6, provider: Some("openai".to_owned()), ..price() };
        assert_eq!(most.validate(), []);
        for wrong in [-0.1, 1_000_000.1, f64::NAN, f64::INFINITY] {
            let price = PriceRequest {
                model: " ".to_owned(),
                provider: Some("a\nb".to_owned()),
                input_usd_per_million: wrong,
                output_usd_per_million: wrong,
                cache_read_usd_per_million: Some(wrong),
                cache_write_usd_per_million: Some(wrong),
            };
            let fields: Vec<_> = price.validate().into_iter().map(|error| error.field).collect();
            let all = ["model", "provider", "input_usd_per_million", "output_usd_per_million"];
            let caches = ["cache_read_usd_per_million", "cache_write_usd_per_million"];
            assert_eq!(fields, all.into_iter().chain(caches).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_window_to_price_anew_begins_before_it_ends_and_is_a_year_at_most() {
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
