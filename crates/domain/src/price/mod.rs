//! Prices of models and costs of tokens. The first of three tables that contains a model applies: the prices of the workspace,
//! the price file, and the bundled public prices. Prices are integers in nano-dollars per million tokens. Each kind of token is
//! rounded once, and the parts add up to the cost.

pub mod bundled;
mod call;
pub mod model;
pub mod prices;
pub mod provider;
pub mod rate;
mod reprice;
pub mod table;
mod trace_price;
pub mod usage;
