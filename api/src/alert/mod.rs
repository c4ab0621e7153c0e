//! Alerts: what rules make of traces. `measure` reads what they look at, `state` decides, `life` and `describe` say it;
//! `preview` does the same for a past in which nobody is told. Knows neither roles nor when it is whose turn.

pub mod default;
pub mod preview;
