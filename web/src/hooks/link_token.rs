//! The token of a link from an e-mail.

use shared::invitation::InvitationToken;
use yew::prelude::*;
use yew_router::hooks::use_location;

/// Returns the `token` in the query of the address; empty if there is none.
#[hook]
pub fn use_link_token() -> String {
    let query = use_location().and_then(|location| location.query::<InvitationToken>().ok());
    query.unwrap_or_default().token
}
