//! Authentication: the token, its renewal, and the guard of the pages that need a login.

mod guard;
mod provider;
mod session;

pub use guard::{Guard, use_enter_workspace, use_next, use_redirect_when_logged_in};
pub use provider::{Auth, AuthProvider, use_auth, use_client};
pub use session::SessionEnd;
