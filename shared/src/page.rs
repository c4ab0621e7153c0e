//! The two shapes of a list: a short one, whole, and a long one, by pages.

use serde::{Deserialize, Serialize};

/// The first items of something and how many there are in all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemList<T> {
    /// At most `limit` items.
    pub items: Vec<T>,
    /// How many there are in all, shown or not.
    pub total: u64,
}

/// One page of a long list, reachable by number or by cursor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// How many items all pages have together.
    pub total: u64,
    /// This page's number, from 1. With a cursor, the number that was sent along (1 if none).
    pub page: u32,
    /// Items on a full page.
    pub limit: u32,
    /// How many pages there are; 0 for an empty list.
    pub total_pages: u64,
    /// Sent back as `cursor`, answers the items after this page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
