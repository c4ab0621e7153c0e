//! Authentication: identities and their extractors, tokens, API keys, passwords, e-mails, and the secret that signs tokens.
//! Independent of the routes.

pub mod credential;
pub mod email;
pub mod identity;
pub mod jwt;
pub mod key;
pub mod key_use;
mod lookup;
pub mod oidc;
pub mod password;
pub mod secret;
pub mod token;
