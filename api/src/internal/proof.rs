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
use shared::{
    Timestamp,
    access::{self, Scope},
};
use uuid::Uuid;

use crate::{
    auth::identity::{Identity, Login, Program},
    role::Role,
};

/// The workspace of the caller.
pub const WORKSPACE_ID: HeaderName = HeaderName::from_static("x-workspace-id");
/// The account of the caller; absent for API keys.
pub const USER_ID: HeaderName = HeaderName::from_static("x-user-id");
/// The e-mail of the account in base64url, because it may contain any characters. Absent for API keys.
pub const USER_EMAIL: HeaderName = HeaderName::from_static("x-user-email");
/// The id of the API key; absent for accounts.
pub const KEY_ID: HeaderName = HeaderName::from_static("x-key-id");
/// What the caller may do: the role of the account, or the scopes of the API key, separated by commas.
pub const ACCESS: HeaderName = HeaderName::from_static("x-access");
/// `{microseconds since the epoch}.{SHA-256 of the body}.{HMAC-SHA256}`, both in base64url.
pub const PROOF: HeaderName = HeaderName::from_static("x-internal-proof");

/// The number of headers with the caller's identity.
const PARTS: usize = 5;
/// The headers with the caller's identity, in the order in which the proof covers them.
const IDENTITY: [HeaderName; PARTS] = [WORKSPACE_ID, USER_ID, USER_EMAIL, KEY_ID, ACCESS];

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
        let mut headers = vec![(WORKSPACE_ID, identity.workspace_id().to_string())];
        match identity {
            Identity::User(login) => headers.extend([
                (USER_ID, login.user_id.to_string()),
                (USER_EMAIL, URL_SAFE_NO_PAD.encode(login.email.as_bytes())),
                (ACCESS, login.role.as_str().to_owned()),
            ]),
            Identity::ApiKey(program) => {
                let scopes: Vec<_> = program.scopes.iter().map(|scope| scope.as_str()).collect();
                headers.extend([(KEY_ID, program.key_id.to_string()), (ACCESS, scopes.join(","))]);
            }
        }
        let moment = now.as_micros().to_string();
        let value = |name: &HeaderName| {
            headers.iter().find(|(header, _)| header == name).map_or("", |(_, value)| value.as_str())
        };
        let body = URL_SAFE_NO_PAD.encode(body);
        let mac = self.mac(&moment, &body, request, IDENTITY.each_ref().map(value));
        let proof = format!("{moment}.{body}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        headers.push((PROOF, proof));
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
        let mut identity = [""; PARTS];
        for (value, name) in identity.iter_mut().zip(&IDENTITY) {
            *value = text(name)?;
        }
        let [workspace_id, user_id, email, key_id, access] = identity;
        let (moment, rest) = text(&PROOF)?.split_once('.')?;
        let (body, code) = rest.split_once('.')?;
        let created_at = Timestamp::from_micros(moment.parse().ok()?);
        if created_at + VALIDITY < now || created_at > now + VALIDITY {
            return None;
        }
        let code = URL_SAFE_NO_PAD.decode(code).ok()?;
        self.mac(moment, body, request, identity).verify_slice(&code).ok()?;
        let body = URL_SAFE_NO_PAD.decode(body).ok()?.try_into().ok()?;
        let workspace_id = Uuid::parse_str(workspace_id).ok()?;
        let identity = if user_id.is_empty() {
            let scopes = access.split(',').filter_map(Scope::parse).collect();
            let key_id = Uuid::parse_str(key_id).ok()?;
            Identity::ApiKey(Program { key_id, workspace_id, scopes, rate_limit: None })
        } else {
            let email = String::from_utf8(URL_SAFE_NO_PAD.decode(email).ok()?).ok()?.into();
            let (user_id, role) = (Uuid::parse_str(user_id).ok()?, access::Role::parse(access)?);
            Identity::User(Login { user_id, workspace_id, email, role, session_id: None })
        };
        Some((identity, body))
    }

    /// Computes the HMAC over all relevant parts, one line each; no part can contain a line break.
    fn mac(
        &self,
        moment: &str,
        body: &str,
        request: SignedRequest<'_>,
        identity: [&str; PARTS],
    ) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        let SignedRequest { role, method, path } = request;
        for part in [role.as_str(), moment, method.as_str(), path, body].into_iter().chain(identity) {
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
            role: access::Role::Member,
            session_id: None,
        })
    }

    fn program() -> Identity {
        Identity::ApiKey(Program {
            key_id: Uuid::from_u128(4),
            workspace_id: Uuid::from_u128(3),
            scopes: vec![Scope::Ingest, Scope::Read],
            rate_limit: None,
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
        for identity in [user(), program()] {
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
        for name in [WORKSPACE_ID, USER_ID, USER_EMAIL, ACCESS] {
            let mut changed = headers.clone();
            changed.insert(name.clone(), HeaderValue::from_static("00000000-0000-0000-0000-000000000009"));
            assert_eq!(checked(&changed), None, "{name}");
            changed.remove(name.clone());
            assert_eq!(checked(&changed), None, "without {name}");
        }
        for (identity, access) in [(user(), "owner"), (program(), "ingest,read,manage")] {
            let mut promoted = proven(&identity);
            promoted.insert(ACCESS, HeaderValue::from_static(access));
            assert_eq!(checked(&promoted), None, "{access}");
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
