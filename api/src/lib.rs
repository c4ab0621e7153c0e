//! The server: `agent-obs`.
pub mod clock;
pub mod store;
