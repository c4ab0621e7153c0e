//! Where a cost comes from: money that nobody can trace is money that nobody trusts.

use serde::{Deserialize, Serialize};

/// How a cost came about, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "basis", rename_all = "snake_case")]
pub enum CostBasis {
    /// The sender said so.
    Reported,
    /// Model × price × tokens.
    Computed(AppliedPrice),
    /// There are tokens, and no price for their model is known. The cost is absent then, never 0.
    NoPrice,
}

/// The price that was applied, and what it came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppliedPrice {
    /// The model in the price table that the span's model was taken for.
    pub model: String,
    /// Its provider in the price table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Which price table it is from.
    pub table: PriceTable,
    /// What each kind of tokens came to. Together they are the cost.
    pub parts: Vec<CostPart>,
}

/// A table of prices, the first that knows a model goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PriceTable {
    /// The workspace's own.
    Workspace,
    /// The file that the server was started with.
    File,
    /// The public prices that come with this version.
    Bundled,
}

/// One kind of tokens, its price, and what they came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CostPart {
    /// Which tokens.
    pub tokens_kind: TokenKind,
    /// How many.
    pub tokens: u64,
    /// US dollars for a million of them.
    pub usd_per_million: f64,
    /// US dollars, exact to a billionth.
    pub cost_usd: f64,
}

/// Tokens that have a price of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Went in, and neither read from nor written to the cache.
    Input,
    /// Went in, read from the provider's cache.
    CacheRead,
    /// Went in, written to the provider's cache.
    CacheWrite,
    /// Came out.
    Output,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::unwrap_used, reason = "a test may panic")]
    fn a_basis_is_read_as_it_is_written() {
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
