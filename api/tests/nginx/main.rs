//! nginx.conf in the real nginx: what it adds to the gateway's answers and what it answers itself. The pages are a stand-in
//! of the shape that trunk makes, so that nothing has to be built before. What it needs: nginx and setpriv.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod behind;
mod beside;
mod spa;
