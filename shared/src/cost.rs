//! The basis of a cost.

use serde::{Deserialize, Serialize};

/// The basis of a cost, or the reason why it is absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "basis", rename_all = "snake_case")]
pub enum CostBasis {
    /// The sender reported the cost.
    Reported,
    /// The cost is the product of tokens and prices.
    Computed(AppliedPrice),
    /// There are tokens, but no price for the model. The cost is absent, not 0.
    NoPrice,
}

/// The applied prices and the resulting costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppliedPrice {
    /// The entry of the price table that matched the model of the span.
    pub model: String,
    /// The provider of the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The price table.
    pub table: PriceTable,
    /// The cost of each kind of tokens. The sum is the cost of the span.
    pub parts: Vec<CostPart>,
}

/// A price table. The first table with an entry for a model applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PriceTable {
    /// The prices of the workspace.
    Workspace,
    /// The price file of the server.
    File,
    /// The public prices bundled with this version.
    Bundled,
}

/// The cost of one kind of tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CostPart {
    /// The kind of tokens.
    pub tokens_kind: TokenKind,
    /// The number of tokens.
    pub tokens: u64,
    /// The price in US dollars per million tokens.
    pub usd_per_million: f64,
    /// The cost in US dollars, rounded to nine decimals.
    pub cost_usd: f64,
}

/// A kind of tokens with a separate price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Input tokens that were neither read from nor written to the cache.
    Input,
    /// Input tokens read from the cache of the provider.
    CacheRead,
    /// Input tokens written to the cache of the provider.
    CacheWrite,
    /// Output tokens.
    Output,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::unwrap_used, reason = "a test may panic")]
    fn a_basis_survives_serialization() {
        let part = CostPart {
            tokens_kind: TokenKind::CacheRead,
            tokens: 7,
            usd_per_million: 2.5,
            cost_usd: 0.000_017_5,
        };
        let price = AppliedPrice {
            model: "m".to_owned(),
            provider: Some("p".to_owned()),
            table: PriceTable::File,
            parts: vec![part],
        };
        for basis in [CostBasis::Reported, CostBasis::NoPrice, CostBasis::Computed(price)] {
            let text = serde_json::to_string(&basis).unwrap();
            assert!(text.starts_with(r#"{"basis":""#), "{text}");
            assert_eq!(serde_json::from_str::<CostBasis>(&text).unwrap(), basis);
        }
    }
}
