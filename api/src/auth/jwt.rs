//! Signs and verifies tokens with HS256 only; the header of a token never selects the algorithm. Independent of HTTP;
//! callers pass the time.

use std::{fmt, time::Duration};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shared::{Timestamp, auth::User};
use store::account::SESSION_DURATION;
use uuid::Uuid;

const MICROS: i64 = 1_000_000;

/// The content of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The account.
    pub user_id: Uuid,
    /// The workspace.
    pub workspace_id: Uuid,
    /// The login session, which must still exist.
    pub session_id: Uuid,
    /// The e-mail at the time of the login.
    pub email: String,
    /// The expiry in seconds since the Unix epoch.
    pub exp: i64,
    /// The time of issue in seconds since the Unix epoch.
    pub iat: i64,
}

/// The login session of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The id.
    pub id: Uuid,
    /// The time of the login.
    pub started_at: Timestamp,
}

/// Why a token is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// The signature is valid, but the token has expired.
    #[error("the token has expired")]
    Expired,
    /// The token is damaged or was signed with another secret.
    #[error("the token is invalid")]
    Invalid,
}

/// Signs and verifies tokens with one secret, which `Debug` hides.
#[derive(Clone)]
pub struct JwtKeys {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    ttl: Duration,
}

impl JwtKeys {
    /// Creates keys that sign tokens with `secret`. Tokens are valid for `ttl`, in whole seconds.
    #[must_use]
    pub fn new(secret: &[u8], ttl: Duration) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // The crate would use the system time with a leeway of a minute; `verify` checks the expiry against the given
        // time.
        validation.validate_exp = false;
        validation.leeway = 0;
        let (encoding, decoding) = (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
        Self { encoding, decoding, validation, ttl }
    }

    /// Returns a token for `user` in a session, and its lifetime in seconds. It expires with the session at the latest.
    ///
    /// # Errors
    /// Returns an error if the claims cannot be signed, which no input causes.
    pub fn issue(
        &self,
        user: &User,
        session: Session,
        now: Timestamp,
    ) -> Result<(String, u64), jsonwebtoken::errors::Error> {
        let left = (session.started_at + SESSION_DURATION).since(now);
        let expires_in = self.ttl.min(left).as_secs();
        let iat = now.as_micros().div_euclid(MICROS);
        let claims = Claims {
            user_id: user.id,
            workspace_id: user.workspace_id,
            session_id: session.id,
            email: user.email.clone(),
            exp: iat.saturating_add_unsigned(expires_in),
            iat,
        };
        Ok((self.sign(&claims)?, expires_in))
    }

    /// Signs other claims than those of a token. Their names must differ, so that neither is mistaken for the other.
    ///
    /// # Errors
    /// Returns an error if the claims cannot be serialized.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding)
    }

    /// Returns claims signed by [`JwtKeys::sign`]; none if the signature is invalid.
    #[must_use]
    pub fn read<T: DeserializeOwned + Clone>(&self, text: &str) -> Option<T> {
        Some(jsonwebtoken::decode::<T>(text, &self.decoding, &self.validation).ok()?.claims)
    }

    /// Returns the claims of `token` if it is valid at `now`.
    ///
    /// # Errors
    /// Returns [`JwtError::Expired`] from the second `exp` on if the signature is valid, and [`JwtError::Invalid`]
    /// otherwise.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, JwtError> {
        let claims: Claims = self.read(token).ok_or(JwtError::Invalid)?;
        if now.as_micros() >= claims.exp.saturating_mul(MICROS) { Err(JwtError::Expired) } else { Ok(claims) }
    }
}

impl fmt::Debug for JwtKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtKeys").field("ttl", &self.ttl).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::{Value, json};
    use shared::access::Role;

    use super::*;

    const SECRET: &[u8] = b"a secret of at least thirty-two bytes";
    const HOUR: Duration = Duration::from_secs(3600);
    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_500_000);

    fn keys() -> JwtKeys {
        JwtKeys::new(SECRET, HOUR)
    }

    fn user() -> User {
        User {
            id: Uuid::from_u128(1),
            email: "ada@example.com".to_owned(),
            full_name: "Ada".to_owned(),
            workspace_id: Uuid::from_u128(2),
            workspace_name: "Engines".to_owned(),
            role: Role::Owner,
            workspaces: Vec::new(),
            has_password: true,
        }
    }

    fn session(started_at: Timestamp) -> Session {
        Session { id: Uuid::from_u128(3), started_at }
    }

    fn signed(algorithm: Algorithm, claims: &Value) -> String {
        jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(SECRET)).unwrap()
    }

    fn claims() -> Value {
        json!({"user_id": Uuid::from_u128(1), "workspace_id": Uuid::from_u128(2), "email": "ada@example.com",
               "session_id": Uuid::from_u128(3), "exp": 1_700_003_600, "iat": 1_700_000_000})
    }

    #[test]
    fn a_token_contains_the_account_and_its_expiry() {
        let (token, expires_in) = keys().issue(&user(), session(NOW), NOW).unwrap();
        let claims = keys().verify(&token, NOW).unwrap();
        assert_eq!(expires_in, 3600);
        assert_eq!((claims.user_id, claims.workspace_id), (Uuid::from_u128(1), Uuid::from_u128(2)));
        assert_eq!(claims.session_id, Uuid::from_u128(3));
        assert_eq!(
            (claims.email.as_str(), claims.iat, claims.exp),
            ("ada@example.com", 1_700_000_000, 1_700_003_600)
        );
    }

    #[test]
    fn a_token_expires_without_leeway() {
        let (token, _) = keys().issue(&user(), session(NOW), NOW).unwrap();
        let end = Timestamp::from_micros(1_700_003_600_000_000);
        assert!(keys().verify(&token, end - Duration::from_micros(1)).is_ok());
        assert_eq!(keys().verify(&token, end), Err(JwtError::Expired));
    }

    #[test]
    fn a_token_expires_with_its_session() {
        let started_at = NOW - SESSION_DURATION + HOUR / 4;
        let (token, expires_in) = keys().issue(&user(), session(started_at), NOW).unwrap();
        assert_eq!(expires_in, 900);
        assert_eq!(keys().verify(&token, NOW + HOUR / 4), Err(JwtError::Expired));
    }

    #[test]
    fn verification_uses_the_given_time() {
        let past = Timestamp::EPOCH + HOUR;
        let (token, _) = keys().issue(&user(), session(past), past).unwrap();
        assert!(keys().verify(&token, past).is_ok());
    }

    #[test]
    fn an_expired_token_of_another_secret_is_invalid() {
        let (token, _) = JwtKeys::new(b"another secret of thirty-two bytes!", HOUR)
            .issue(&user(), session(NOW), NOW)
            .unwrap();
        assert_eq!(keys().verify(&token, NOW), Err(JwtError::Invalid));
        assert_eq!(keys().verify(&token, NOW + HOUR * 2), Err(JwtError::Invalid));
    }

    #[test]
    fn the_header_does_not_select_the_algorithm() {
        let good = signed(Algorithm::HS256, &claims());
        assert!(keys().verify(&good, NOW).is_ok(), "the control");
        let (_, signature) = good.rsplit_once('.').unwrap();
        let body = good.split('.').nth(1).unwrap();
        for algorithm in ["none", "None", "RS256", "ES256", "EdDSA", "HS257"] {
            let header = URL_SAFE_NO_PAD.encode(json!({"typ": "JWT", "alg": algorithm}).to_string());
            for signature in ["", signature] {
                let token = format!("{header}.{body}.{signature}");
                assert_eq!(keys().verify(&token, NOW), Err(JwtError::Invalid), "{algorithm}");
            }
            assert_eq!(
                keys().verify(&format!("{header}.{body}"), NOW),
                Err(JwtError::Invalid),
                "{algorithm}"
            );
        }
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            assert_eq!(
                keys().verify(&signed(algorithm, &claims()), NOW),
                Err(JwtError::Invalid),
                "{algorithm:?}"
            );
        }
    }

    #[test]
    fn a_modified_claim_invalidates_the_signature() {
        let (token, _) = keys().issue(&user(), session(NOW), NOW).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let mut body: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        body["workspace_id"] = json!(Uuid::from_u128(3));
        let body = URL_SAFE_NO_PAD.encode(body.to_string());
        assert_eq!(keys().verify(&format!("{}.{body}.{}", parts[0], parts[2]), NOW), Err(JwtError::Invalid));
        for position in (0..token.len()).step_by(7) {
            let mut bytes = token.clone().into_bytes();
            // Not a neighbor in the alphabet: the last character of a part has unused bits.
            bytes[position] = if bytes[position] == b'A' { b'z' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(keys().verify(&changed, NOW), Err(JwtError::Invalid), "at {position}");
        }
    }

    #[test]
    fn a_signed_token_without_the_required_claims_is_invalid() {
        for missing in ["user_id", "workspace_id", "session_id", "email", "exp", "iat"] {
            let mut claims = claims();
            claims.as_object_mut().unwrap().remove(missing);
            assert_eq!(
                keys().verify(&signed(Algorithm::HS256, &claims), NOW),
                Err(JwtError::Invalid),
                "{missing}"
            );
        }
        for text in ["", ".", "..", "a.b.c", "Bearer", "🦀.🦀.🦀"] {
            assert_eq!(keys().verify(text, NOW), Err(JwtError::Invalid), "{text}");
        }
    }

    #[test]
    fn debug_hides_the_secret() {
        let shown = format!("{:?}", JwtKeys::new(b"topsecret", HOUR));
        assert_eq!(shown, "JwtKeys { ttl: 3600s, .. }");
    }
}
