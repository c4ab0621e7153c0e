//! Signatures according to Standard Webhooks (<https://www.standardwebhooks.com>). They prove the origin, the integrity and
//! the time of a message to a receiver with the secret.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The prefix of secrets.
const PREFIX: &str = "whsec_";
/// The number of random bytes in a secret.
const BYTES: usize = 32;

/// Generates a secret: `whsec_` and 32 random bytes in base64.
///
/// # Errors
/// Returns an error if the system provides no random bytes.
pub fn new_secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{PREFIX}{}", STANDARD.encode(bytes)))
}

/// Returns the header `webhook-signature` of a message, or `None` if the secret is invalid.
#[must_use]
pub fn sign(secret: &str, id: &str, unix_seconds: i64, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok().filter(|key| !key.is_empty())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{unix_seconds}.").as_bytes());
    mac.update(body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn matches_the_signature_of_the_reference_libraries() {
        // The test vector of the Standard Webhooks libraries.
        let signature = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn every_signed_part_changes_the_signature() {
        let secret = new_secret().unwrap();
        let signed = sign(&secret, "id", 1, b"body").unwrap();
        for other in [
            sign(&secret, "di", 1, b"body"),
            sign(&secret, "id", 2, b"body"),
            sign(&secret, "id", 1, b"bodY"),
            sign(&new_secret().unwrap(), "id", 1, b"body"),
        ] {
            assert_ne!(other.unwrap(), signed);
        }
    }

    #[test]
    fn a_new_secret_has_32_random_bytes_and_an_invalid_one_signs_nothing() {
        let secret = new_secret().unwrap();
        assert_eq!(STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap().len(), 32);
        assert_ne!(secret, new_secret().unwrap());
        for invalid in ["", "whsec_", "whsec_!", &secret[6..]] {
            assert_eq!(sign(invalid, "id", 1, b""), None, "{invalid}");
        }
    }
}
