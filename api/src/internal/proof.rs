//! The proof that a request comes from the gateway: an HMAC over the role that receives it, the request with its body, and
//! the caller's identity, valid for half a minute. An attacker who intercepts a proof can only replay that request to that
//! role within the half minute.

use std::time::Duration;

use actix_web::http::{
    Method,
    header::{HeaderMap, HeaderName},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use shared::Timestamp;
use uuid::Uuid;

use crate::{
    auth::identity::{Identity, Login, Sender},
    role::Role,
};

/// The workspace of the caller.
pub const WORKSPACE_ID: HeaderName = HeaderName::from_static("x-workspace-id");
/// The account of the caller; absent for API keys.
pub const USER_ID: HeaderName = HeaderName::from_static("x-user-id");
/// The e-mail of the account in base64url, because it may contain any characters. Absent for API keys.
pub const USER_EMAIL: HeaderName = HeaderName::from_static("x-user-email");
/// `{microseconds since the epoch}.{SHA-256 of the body}.{HMAC-SHA256}`, both in base64url.
pub const PROOF: HeaderName = HeaderName::from_static("x-internal-proof");

/// How long a proof is valid, and the maximum difference between the clocks of two machines.
const VALIDITY: Duration = Duration::from_secs(30);

/// The SHA-256 digest of a body.
pub type BodyDigest = [u8; 32];

/// The signed parts of a request.
#[derive(Clone, Copy, Debug)]
pub struct SignedRequest<'a> {
    /// The role that receives the request.
    pub role: Role,
    /// The method.
    pub method: &'a Method,
    /// The path with the query.
    pub path: &'a str,
}

/// Creates and checks proofs.
#[derive(Clone)]
pub struct ProofKey(Hmac<Sha256>);

impl std::fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProofKey([redacted])")
    }
}

impl ProofKey {
    /// Derives the key from `INTERNAL_SECRET`.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        // The HMAC takes a block as its key and pads shorter keys with zeros; a digest maps secrets of any length.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&Sha256::digest(secret.expose().as_bytes()));
        Self(Hmac::new(&block.into()))
    }

    /// Returns the headers with the caller's identity and the proof.
    #[must_use]
    pub fn headers(
        &self,
        identity: &Identity,
        request: SignedRequest<'_>,
        body: &BodyDigest,
        now: Timestamp,
    ) -> Vec<(HeaderName, String)> {
        let workspace_id = identity.workspace_id().to_string();
        let (user_id, email) = match identity {
            Identity::User(login) => {
                (Some(login.user_id.to_string()), URL_SAFE_NO_PAD.encode(login.email.as_bytes()))
            }
            Identity::ApiKey(_) => (None, String::new()),
        };
        let moment = now.as_micros().to_string();
        let of = [&*workspace_id, user_id.as_deref().unwrap_or_default(), &email];
        let body = URL_SAFE_NO_PAD.encode(body);
        let mac = self.mac(&moment, &body, request, of);
        let proof = format!("{moment}.{body}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        let mut headers = vec![(WORKSPACE_ID, workspace_id), (PROOF, proof)];
        headers.extend(user_id.into_iter().flat_map(|id| [(USER_ID, id), (USER_EMAIL, email.clone())]));
        headers
    }

    /// Returns the caller's identity and the digest of the body if the headers prove that the gateway sent the request. The
    /// body is not read here; compare its digest before using it.
    #[must_use]
    pub fn check(
        &self,
        headers: &HeaderMap,
        request: SignedRequest<'_>,
        now: Timestamp,
    ) -> Option<(Identity, BodyDigest)> {
        let text = |name: &HeaderName| headers.get(name).map_or(Some(""), |value| value.to_str().ok());
        let of @ [workspace_id, user_id, email] = [text(&WORKSPACE_ID)?, text(&USER_ID)?, text(&USER_EMAIL)?];
        let (moment, rest) = text(&PROOF)?.split_once('.')?;
        let (body, code) = rest.split_once('.')?;
        let created_at = Timestamp::from_micros(moment.parse().ok()?);
        if created_at + VALIDITY < now || created_at > now + VALIDITY {
            return None;
        }
        let code = URL_SAFE_NO_PAD.decode(code).ok()?;
        self.mac(moment, body, request, of).verify_slice(&code).ok()?;
        let body = URL_SAFE_NO_PAD.decode(body).ok()?.try_into().ok()?;
        let workspace_id = Uuid::parse_str(workspace_id).ok()?;
        let identity = if user_id.is_empty() {
            Identity::ApiKey(Sender { workspace_id })
        } else {
            let email = String::from_utf8(URL_SAFE_NO_PAD.decode(email).ok()?).ok()?.into();
            Identity::User(Login { user_id: Uuid::parse_str(user_id).ok()?, workspace_id, email })
        };
        Some((identity, body))
    }

    /// Computes the HMAC over all relevant parts, one line each; no part can contain a line break.
    fn mac(&self, moment: &str, body: &str, request: SignedRequest<'_>, of: [&str; 3]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        let SignedRequest { role, method, path } = request;
        let [workspace_id, user_id, email] = of;
        for part in [role.as_str(), moment, method.as_str(), path, body, workspace_id, user_id, email] {
            mac.update(part.as_bytes());
            mac.update(b"\n");
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const REQUEST: SignedRequest<'static> =
        SignedRequest { role: Role::Query, method: &Method::GET, path: "/api/v1/traces?range=24h" };
    const BODY: BodyDigest = [7; 32];

    fn user() -> Identity {
        Identity::User(Login {
            user_id: Uuid::from_u128(1),
            workspace_id: Uuid::from_u128(2),
            email: "añn@example.com".into(),
        })
    }

    fn key(secret: &str) -> ProofKey {
        ProofKey::new(&Secret::new(secret))
    }

    fn proven(identity: &Identity) -> HeaderMap {
        let headers = key("one").headers(identity, REQUEST, &BODY, Timestamp::EPOCH);
        headers
            .into_iter()
            .filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value).ok()?)))
            .collect()
    }

    fn checked(headers: &HeaderMap) -> Option<(Identity, BodyDigest)> {
        key("one").check(headers, REQUEST, Timestamp::EPOCH)
    }

    #[test]
    fn accepts_the_identity_from_the_gateway() {
        let program = Identity::ApiKey(Sender { workspace_id: Uuid::from_u128(3) });
        for identity in [user(), program] {
            assert_eq!(checked(&proven(&identity)), Some((identity, BODY)));
        }
    }

    #[test]
    fn rejects_any_modification() {
        let headers = proven(&user());
        for changed in [
            SignedRequest { method: &Method::POST, ..REQUEST },
            SignedRequest { path: "/api/v1/traces?range=7d", ..REQUEST },
            SignedRequest { role: Role::Ingestion, ..REQUEST },
        ] {
            assert_eq!(key("one").check(&headers, changed, Timestamp::EPOCH), None, "{changed:?}");
        }
        for name in [WORKSPACE_ID, USER_ID, USER_EMAIL] {
            let mut changed = headers.clone();
            changed.insert(name.clone(), HeaderValue::from_static("00000000-0000-0000-0000-000000000009"));
            assert_eq!(checked(&changed), None, "{name}");
            changed.remove(name.clone());
            assert_eq!(checked(&changed), None, "without {name}");
        }
        let proof = headers.get(PROOF).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let other_body = proof.replace(&URL_SAFE_NO_PAD.encode(BODY), &URL_SAFE_NO_PAD.encode([8; 32]));
        assert_ne!(proof, other_body);
        for changed in [other_body.as_str(), "1.AAAA", "1.AAAA.AAAA", "0..", ""] {
            let mut later = headers.clone();
            later.remove(PROOF);
            if let Ok(changed) = HeaderValue::from_str(changed) {
                later.insert(PROOF, changed);
            }
            assert_eq!(checked(&later), None, "{changed}");
        }
        assert_eq!(checked(&HeaderMap::new()), None);
    }

    #[test]
    fn rejects_proofs_of_another_secret() {
        assert_eq!(key("two").check(&proven(&user()), REQUEST, Timestamp::EPOCH), None);
    }

    #[test]
    fn a_proof_is_valid_for_half_a_minute() {
        let at = |now| key("one").check(&proven(&user()), REQUEST, now);
        assert_eq!(at(Timestamp::EPOCH + VALIDITY), Some((user(), BODY)));
        assert_eq!(at(Timestamp::EPOCH + VALIDITY + Duration::from_micros(1)), None);
        assert_eq!(at(Timestamp::EPOCH - VALIDITY - Duration::from_micros(1)), None);
    }
}
