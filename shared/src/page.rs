//! Lists: short ones in full, long ones by page.

use serde::{Deserialize, Serialize};

/// The query of a list without pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query, style = Form))]
pub struct LimitQuery {
    /// The maximum number of items: 1 to 100. Default: 50.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
}

/// The first items of a list, and the total number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemList<T> {
    /// The items, at most `limit`.
    pub items: Vec<T>,
    /// The total number of items.
    pub total: u64,
}

/// One page of a list, selected by number or by cursor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// The total number of items.
    pub total: u64,
    /// The number of the page, from 1. With a cursor, the `page` of the request, or 1.
    pub page: u32,
    /// The maximum number of items of a page.
    pub limit: u32,
    /// The number of pages; 0 for an empty list.
    pub total_pages: u64,
    /// The `cursor` of the next page. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
