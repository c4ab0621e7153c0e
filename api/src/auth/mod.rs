//! Authentication: identities and their extractors, tokens, API keys, passwords, and the secret that signs tokens.
//! Independent of the routes.

pub mod credential;
pub mod identity;
pub mod jwt;
pub mod key;
pub mod key_use;
pub mod password;
pub mod secret;
