//! API keys: generation, format and hash. A key has 256 random bits, which cannot be guessed, so a plain SHA-256
//! protects the stored hash.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use shared::api_key::PREFIX;

/// The number of random bytes in a key.
const BYTES: usize = 32;
/// The number of characters after [`PREFIX`], which encode those bytes.
const CHARS: usize = 43;
/// The length of the stored prefix: enough to distinguish keys, too little to help an attacker.
const PREFIX_CHARS: usize = 10;

/// Generates a key: `ao_` and 43 characters.
///
/// # Errors
/// Returns an error if the system provides no random bytes.
pub fn generate() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Returns whether `text` has the format of a key; other texts are rejected without a query.
#[must_use]
pub fn is_well_formed(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|rest| {
        rest.len() == CHARS
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

/// Returns the hash by which a key is stored and found.
#[must_use]
pub fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// Returns the first characters of the key, shown in lists.
#[must_use]
pub fn prefix(key: &str) -> String {
    key.chars().take(PREFIX_CHARS).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_have_the_format_and_are_unique() {
        let (one, two) = (generate().unwrap(), generate().unwrap());
        assert_eq!(one.len(), 46);
        assert!(is_well_formed(&one) && is_well_formed(&two), "{one} {two}");
        assert_ne!(one, two);
        assert_ne!(hash(&one), hash(&two));
    }

    #[test]
    fn recognizes_other_texts_by_their_format() {
        let rest = "A".repeat(CHARS);
        assert!(is_well_formed(&format!("ao_{rest}")));
        for bad in [
            String::new(),
            rest.clone(),
            format!("ao_{rest}A"),
            format!("xx_{rest}"),
            format!("ao_{}é", "A".repeat(41)),
        ] {
            assert!(!is_well_formed(&bad), "{bad}");
        }
    }

    #[test]
    fn a_key_is_hashed_with_sha_256() {
        // The example "abc" of FIPS 180-2.
        let expected = [
            0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
            0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
        ];
        assert_eq!(hash("abc"), expected);
    }

    #[test]
    fn the_prefix_is_the_first_ten_characters() {
        assert_eq!(prefix("ao_0123456789"), "ao_0123456");
        assert_eq!(prefix("é"), "é");
    }
}
