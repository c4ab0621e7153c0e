//! The cost of tokens. Three tables, and the first that knows a model applies: the workspace's own prices, those of a file,
//! and the public ones that come with this version. Prices are integers (billionths of a dollar per million tokens), each
//! kind of tokens is rounded once, and the parts add up to the cost.

pub mod bundled;
mod call;
pub mod model;
pub mod prices;
pub mod provider;
pub mod rate;
mod reprice;
mod sent;
pub mod table;
pub mod usage;
