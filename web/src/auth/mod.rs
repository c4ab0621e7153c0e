//! Who is logged in: the token, its renewal, and the guard before the pages that need it.

mod guard;
mod provider;
mod session;

pub use guard::{Guard, use_leave_when_logged_in};
pub use provider::{AuthProvider, use_auth, use_client};
pub use session::End;
