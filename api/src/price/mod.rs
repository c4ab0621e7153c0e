//! What tokens cost. Three tables, the first that knows a model goes: a workspace's own prices, those of a file, the public
//! ones that come with this version. Prices are integers (billionths of a dollar for a million tokens), each kind of
//! tokens is rounded once, and the parts add up to the cost.
//!
//! Knows nothing of HTTP; of the store only where a workspace's own prices are.

pub mod bundled;
mod call;
pub mod file;
pub mod model;
pub mod pricer;
pub mod provider;
pub mod rate;
mod sent;
mod stored;
pub mod table;
pub mod usage;
