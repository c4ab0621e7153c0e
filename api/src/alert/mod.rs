//! Alerts: what rules make of traces. `measure` reads what they look at, `state` decides what that means, `evaluate` is a
//! rule's turn, `life` makes alerts and notices of it, and `describe`, with `mover`, says what they are about. `preview`
//! does the same for a past of which nobody is told. Knows neither roles nor whose turn it is.

pub mod default;
pub mod describe;
pub mod evaluate;
pub mod life;
pub mod measure;
mod mover;
pub mod preview;
pub mod state;
