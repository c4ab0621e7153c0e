//! Between the roles where they run apart: the gateway hands a request on with the caller's identity and a proof of who
//! it is itself; the other side refuses whatever lacks the proof. In one process nothing of this is used.

mod body;
pub mod forward;
pub mod hand_on;
pub mod proof;
pub mod receive;
pub mod upstream;
