//! What API keys are made of: making one, recognising one, and the hash under which one is kept. A key has 256 random
//! bits, so that a plain SHA-256 keeps it: there is nothing to guess.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use shared::api_key::PREFIX;

/// Random bytes in a key.
const BYTES: usize = 32;
/// Characters after [`PREFIX`]: those bytes in base64.
const CHARS: usize = 43;
/// Characters that stay readable in a list: enough to tell keys apart, few enough to give nothing away.
const SHOWN: usize = 10;

/// A new key: `ao_` and 43 characters.
///
/// # Errors
/// Where the system gives no random bytes.
pub fn generate() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Whether `text` has a key's shape. What has not can be refused without asking the store.
#[must_use]
pub fn has_shape(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|rest| {
        rest.len() == CHARS
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

/// What a key is kept and found under.
#[must_use]
pub fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// The key's first characters, to recognise it by.
#[must_use]
pub fn prefix(key: &str) -> String {
    key.chars().take(SHOWN).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_has_the_shape_and_is_never_the_same() {
        let (one, two) = (generate().unwrap(), generate().unwrap());
        assert_eq!(one.len(), 46);
        assert!(has_shape(&one) && has_shape(&two), "{one} {two}");
        assert_ne!(one, two);
        assert_ne!(hash(&one), hash(&two));
    }

    #[test]
    fn what_is_not_a_key_is_recognised_without_hashing_it() {
        let rest = "A".repeat(CHARS);
        assert!(has_shape(&format!("ao_{rest}")));
        for bad in [
            String::new(),
            rest.clone(),
            format!("ao_{rest}A"),
            format!("xx_{rest}"),
            format!("ao_{}é", "A".repeat(41)),
        ] {
            assert!(!has_shape(&bad), "{bad}");
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
