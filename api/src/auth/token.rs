//! Random tokens of links: invitations and password resets. A token has 256 random bits, so a plain SHA-256 protects the
//! stored hash.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::key;

/// A new token.
#[derive(Clone)]
pub struct LinkToken {
    /// The text in the link.
    pub text: String,
    /// The hash by which it is stored and found.
    pub hash: [u8; 32],
}

impl LinkToken {
    /// Generates a token.
    ///
    /// # Errors
    /// Returns an error if the system provides no random bytes.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let text = URL_SAFE_NO_PAD.encode(bytes);
        let hash = key::hash(&text);
        Ok(Self { text, hash })
    }
}
