//! What pages are made of. Components show what they are given; none of them asks the API.

pub mod activity_stream;
pub mod alerts_feed;
pub(crate) mod brand;
pub(crate) mod breakdown;
pub(crate) mod chat;
pub(crate) mod conversation;
pub(crate) mod copy_button;
pub(crate) mod curl_example;
pub(crate) mod field;
pub(crate) mod icon;
pub(crate) mod json;
pub mod kpi_card;
pub(crate) mod link;
pub(crate) mod load;
pub(crate) mod long_text;
pub(crate) mod menu;
pub(crate) mod message;
pub(crate) mod panel;
pub mod payload;
pub(crate) mod range_picker;
pub(crate) mod shell;
pub mod span_row;
pub(crate) mod sparkline;
pub(crate) mod status;
pub(crate) mod time;
pub(crate) mod updated;
