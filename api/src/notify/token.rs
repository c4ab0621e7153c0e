//! Tokens in the links by which recipients confirm. A token has 256 random bits, which cannot be guessed, so a plain SHA-256
//! protects the stored hash.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// The number of random bytes of a token.
const BYTES: usize = 32;

/// Generates a token: 43 characters.
///
/// # Errors
/// Returns an error if the system provides no random bytes.
pub fn generate() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns the hash by which a token is stored and found.
#[must_use]
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
