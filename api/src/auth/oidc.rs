//! The client of an OpenID Connect provider: authorization code flow with PKCE, state and nonce. Decides from the claims of a
//! person who may log in, and with which role.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use moka::future::Cache;
use openidconnect::{
    AdditionalClaims, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, SignatureVerificationError,
    TokenResponse, UserInfoClaims,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreGenderClaim, CoreProviderMetadata,
        CoreTokenResponse,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::{
    Timestamp,
    access::Role,
    auth::{OidcError, check_email, check_name},
};
use store::account::OidcLogin;

use super::email::check_new_email;
use crate::{config::Oidc, http};

/// How long the metadata and the keys of the provider are cached.
const METADATA_DURATION: Duration = Duration::from_secs(60 * 60);
const TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum size of a response of the provider.
const RESPONSE_BYTES: usize = 1024 * 1024;

/// The path of the redirect URL, which is registered with the provider.
pub const CALLBACK: &str = "/api/v1/auth/oidc/callback";

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why the provider did not confirm a login.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// A request failed, or its response is invalid.
    #[error("{what}: {cause}")]
    Failed {
        /// The request.
        what: &'static str,
        /// What went wrong.
        cause: String,
    },
    /// The ID token was not signed by a known key.
    #[error("the signature of the ID token is invalid: {0}")]
    Signature(SignatureVerificationError),
}

fn failed(what: &'static str) -> impl FnOnce(String) -> ProviderError {
    move |cause| ProviderError::Failed { what, cause }
}

/// An HTTP request to the provider failed.
#[derive(Debug, thiserror::Error)]
enum TransportError {
    #[error("{}", domain::error::chain(.0))]
    Http(#[from] reqwest::Error),
    #[error("the response is larger than {RESPONSE_BYTES} bytes")]
    TooLarge,
    #[error(transparent)]
    Invalid(#[from] openidconnect::http::Error),
}

/// A login that was started, remembered by the browser until the provider redirects back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Ties the redirect to the browser that started the login.
    pub state: String,
    /// Ties the ID token to the login.
    pub nonce: String,
    /// Ties the authorization code to the login (PKCE).
    pub verifier: String,
}

/// The provider.
pub struct Provider {
    settings: Oidc,
    redirect: RedirectUrl,
    http: reqwest::Client,
    metadata: Cache<(), CoreProviderMetadata>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Provider {
    /// Creates a client of the provider. Its metadata is fetched at the first login, so that an unavailable provider does not
    /// prevent the start.
    ///
    /// # Errors
    /// Returns an error if the root certificates cannot be loaded or the redirect URL is invalid.
    pub fn new(settings: Oidc) -> Result<Self, ProviderError> {
        let redirect = RedirectUrl::new(format!("{}{CALLBACK}", settings.public_url))
            .map_err(|error| failed("redirect URL")(error.to_string()))?;
        let http = http::client(&settings.issuer)
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| failed("HTTP client")(domain::error::chain(&error)))?;
        let metadata = Cache::builder().time_to_live(METADATA_DURATION).max_capacity(1).build();
        Ok(Self { settings, redirect, http, metadata })
    }

    /// Returns the settings.
    #[must_use]
    pub fn settings(&self) -> &Oidc {
        &self.settings
    }

    /// Starts a login, and returns it with the URL to which the browser is redirected.
    ///
    /// # Errors
    /// Returns an error if the provider is unreachable.
    pub async fn start(&self) -> Result<(Started, String), ProviderError> {
        let client = self.client().await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scopes = self.settings.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(scopes)
            .set_pkce_challenge(challenge)
            .url();
        let started = Started {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        };
        Ok((started, url.into()))
    }

    /// Completes a login with the code of the redirect, and returns what the provider says about the person.
    ///
    /// # Errors
    /// Returns an error if the provider rejects the code or is unreachable, or if its ID token is invalid.
    pub async fn finish(&self, code: String, started: Started) -> Result<Claims, ProviderError> {
        let client = self.client().await?;
        let http = |request| self.send(request);
        let tokens: CoreTokenResponse = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| failed("token endpoint")(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(started.verifier))
            .request_async(&http)
            .await
            .map_err(|error| failed("token request")(domain::error::chain(&error)))?;
        let nonce = Nonce::new(started.nonce);
        let claims = match verify(&client, &tokens, &nonce) {
            // The provider may have changed its keys.
            Err(ProviderError::Signature(_)) => {
                self.metadata.invalidate(&()).await;
                verify(&self.client().await?, &tokens, &nonce)?
            }
            verified => verified?,
        };
        if self.is_complete(&claims) {
            return Ok(claims);
        }
        let subject =
            claims.text("sub").map(|subject| openidconnect::SubjectIdentifier::new(subject.to_owned()));
        // Providers without the endpoint send all claims in the ID token.
        let Ok(request) = client.user_info(tokens.access_token().clone(), subject) else { return Ok(claims) };
        let info: UserInfoClaims<OtherClaims, CoreGenderClaim> = request
            .request_async(&http)
            .await
            .map_err(|error| failed("user info request")(domain::error::chain(&error)))?;
        let info = serde_json::to_value(info).map_err(|error| failed("user info")(error.to_string()))?;
        Ok(claims.with(info))
    }

    /// Returns whether the claims suffice without those of the user info endpoint.
    fn is_complete(&self, claims: &Claims) -> bool {
        let needs_role =
            self.settings.roles.as_ref().is_some_and(|roles| claims.find(&roles.claim).is_none());
        claims.text("email").is_some() && claims.text("name").is_some() && !needs_role
    }

    async fn client(&self) -> Result<Client, ProviderError> {
        let metadata = self
            .metadata
            .try_get_with((), async {
                let issuer =
                    IssuerUrl::new(self.settings.issuer.clone()).map_err(|error| error.to_string())?;
                CoreProviderMetadata::discover_async(issuer, &|request| self.send(request))
                    .await
                    .map_err(|error| domain::error::chain(&error))
            })
            .await
            .map_err(|cause: std::sync::Arc<String>| failed("discovery")(cause.to_string()))?;
        let methods = metadata.token_endpoint_auth_methods_supported();
        let needs_body =
            methods.is_some_and(|methods| !methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let secret =
            self.settings.client_secret.as_ref().map(|secret| ClientSecret::new(secret.expose().to_owned()));
        Ok(CoreClient::from_provider_metadata(
            metadata,
            ClientId::new(self.settings.client_id.clone()),
            secret,
        )
        .set_auth_type(if needs_body { AuthType::RequestBody } else { AuthType::BasicAuth })
        .set_redirect_uri(self.redirect.clone()))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut response = self.http.execute(request.try_into()?).await?;
        let mut builder = openidconnect::http::Response::builder().status(response.status());
        if let Some(headers) = builder.headers_mut() {
            headers.clone_from(response.headers());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > RESPONSE_BYTES {
                return Err(TransportError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(builder.body(body)?)
    }
}

/// Verifies the ID token of a response, and returns its claims.
fn verify(client: &Client, tokens: &CoreTokenResponse, nonce: &Nonce) -> Result<Claims, ProviderError> {
    let what = "ID token";
    let token = tokens.id_token().ok_or_else(|| failed(what)("the response has none".to_owned()))?;
    token.claims(&client.id_token_verifier(), nonce).map_err(|error| match error {
        ClaimsVerificationError::SignatureVerification(error) => ProviderError::Signature(error),
        error => failed(what)(domain::error::chain(&error)),
    })?;
    // Once more, since the verified claims lack those that OpenID Connect does not define.
    let token = token.to_string();
    let payload = token.split('.').nth(1).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|error| failed(what)(error.to_string()))?;
    let claims = serde_json::from_slice(&payload).map_err(|error| failed(what)(error.to_string()))?;
    Ok(Claims(claims))
}

/// Claims that OpenID Connect does not define.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct OtherClaims {
    #[serde(flatten)]
    claims: Map<String, Value>,
}

impl AdditionalClaims for OtherClaims {}

/// What the provider says about a person.
#[derive(Clone, Debug, Default)]
pub struct Claims(Map<String, Value>);

impl Claims {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    }

    /// Returns the claim with a name, or at a path of names separated by dots.
    fn find(&self, name: &str) -> Option<&Value> {
        self.0.get(name).or_else(|| {
            let mut names = name.split('.');
            let first = self.0.get(names.next()?)?;
            names.try_fold(first, |value, name| value.get(name))
        })
    }

    /// Adds claims of the user info endpoint. Those of the signed ID token take precedence.
    fn with(mut self, info: Value) -> Self {
        if let Value::Object(info) = info {
            for (name, value) in info {
                self.0.entry(name).or_insert(value);
            }
        }
        self
    }

    fn is_email_verified(&self) -> Option<bool> {
        match self.0.get("email_verified")? {
            Value::Bool(verified) => Some(*verified),
            Value::String(text) => Some(text == "true"),
            _ => None,
        }
    }

    /// Returns the login of the person.
    ///
    /// # Errors
    /// Returns why the person may not log in.
    pub fn admit(&self, settings: &Oidc, now: Timestamp) -> Result<OidcLogin, OidcError> {
        let subject = self.text("sub").ok_or(OidcError::Provider)?;
        let is_valid = |email: &&str| check_email(email).is_ok() && check_new_email(email).is_ok();
        let email = self.text("email").filter(is_valid);
        let is_verified = self.is_email_verified();
        let is_allowed = settings.allowed_domains.is_empty()
            || (is_verified == Some(true)
                && email.and_then(|email| email.rsplit_once('@')).is_some_and(|(_, domain)| {
                    settings.allowed_domains.contains(&domain.trim().to_lowercase())
                }));
        if !is_allowed || is_verified == Some(false) {
            return Err(OidcError::NotAllowed);
        }
        let name = ["name", "preferred_username"].into_iter().filter_map(|name| self.text(name));
        let name = name.chain(email).find(|name| check_name(name).is_ok());
        Ok(OidcLogin {
            issuer: settings.issuer.clone(),
            subject: subject.to_owned(),
            email: email.map(str::to_owned),
            may_link: !settings.allowed_domains.is_empty(),
            full_name: name.unwrap_or("Unnamed").trim().to_owned(),
            workspace: settings.workspace.clone(),
            role: self.role(settings).ok_or(OidcError::NotAllowed)?,
            updates_role: settings.roles.is_some(),
            at: now,
        })
    }

    /// Returns the most powerful role of the person's groups, or the default role.
    fn role(&self, settings: &Oidc) -> Option<Role> {
        let Some(map) = &settings.roles else { return settings.default_role };
        let values = match self.find(&map.claim) {
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(value)) => vec![value.as_str()],
            _ => Vec::new(),
        };
        let roles: Vec<_> = map
            .roles
            .iter()
            .filter(|(value, _)| values.contains(&value.as_str()))
            .map(|(_, role)| *role)
            .collect();
        [Role::Owner, Role::Member, Role::Viewer]
            .into_iter()
            .find(|role| roles.contains(role))
            .or(settings.default_role)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use store::account::OidcWorkspace;

    use super::*;
    use crate::config::RoleMap;

    fn settings() -> Oidc {
        Oidc {
            issuer: "https://accounts.example.com".to_owned(),
            client_id: "agents".to_owned(),
            client_secret: None,
            scopes: vec!["openid".to_owned()],
            workspace: OidcWorkspace::Name("Acme".to_owned()),
            default_role: Some(Role::Member),
            allowed_domains: Vec::new(),
            roles: None,
            public_url: "https://agents.example.com".to_owned(),
        }
    }

    fn admit(settings: &Oidc, claims: Value) -> Result<OidcLogin, OidcError> {
        Claims::default().with(claims).admit(settings, Timestamp::EPOCH)
    }

    #[test]
    fn allowed_domains_require_a_verified_email() {
        let settings = Oidc { allowed_domains: vec!["example.com".to_owned()], ..settings() };
        let person = |email: &str, verified: Value| {
            admit(&settings, json!({"sub": "1", "email": email, "email_verified": verified}))
        };
        assert!(person("ada@EXAMPLE.com", json!(true)).is_ok_and(|login| login.may_link));
        assert!(person("ada@example.com", json!("true")).is_ok());
        for (email, verified) in [
            ("ada@example.com", json!(false)),
            ("ada@example.com", json!(null)),
            ("ada@example.com.evil.org", json!(true)),
            ("ada@sub.example.com", json!(true)),
            ("example.com", json!(true)),
        ] {
            assert_eq!(person(email, verified).err(), Some(OidcError::NotAllowed), "{email}");
        }
        assert_eq!(admit(&settings, json!({"sub": "1"})).err(), Some(OidcError::NotAllowed));
    }

    #[test]
    fn without_allowed_domains_the_provider_decides_but_existing_accounts_are_not_linked() {
        let settings = settings();
        let login = admit(&settings, json!({"sub": "1", "email": "ada@example.com"}));
        assert!(login.is_ok_and(|login| !login.may_link));
        let unverified = json!({"sub": "1", "email": "ada@example.com", "email_verified": false});
        assert_eq!(admit(&settings, unverified).err(), Some(OidcError::NotAllowed));
        assert!(
            admit(&settings, json!({"sub": "1", "email": "а\u{200b}da@example.com"}))
                .is_ok_and(|login| login.email.is_none())
        );
    }

    #[test]
    fn the_most_powerful_group_decides_about_the_role() {
        let roles = [("staff", Role::Viewer), ("devs", Role::Member), ("admins", Role::Owner)];
        let roles = roles.map(|(value, role)| (value.to_owned(), role)).to_vec();
        let mut settings = Oidc {
            roles: Some(RoleMap { claim: "realm.groups".to_owned(), roles }),
            default_role: None,
            ..settings()
        };
        let role = |settings: &Oidc, groups: Value| {
            admit(settings, json!({"sub": "1", "realm": {"groups": groups}})).map(|login| login.role)
        };
        assert_eq!(role(&settings, json!(["staff", "admins", "x"])), Ok(Role::Owner));
        assert_eq!(role(&settings, json!("devs")), Ok(Role::Member));
        assert_eq!(role(&settings, json!(["x"])), Err(OidcError::NotAllowed));
        settings.default_role = Some(Role::Viewer);
        assert_eq!(role(&settings, json!([])), Ok(Role::Viewer));
    }

    #[test]
    fn signed_claims_take_precedence() {
        let signed = Claims::default().with(json!({"email": "ada@example.com"}));
        let both = signed.with(json!({"email": "eve@example.com", "name": "Ada"}));
        assert_eq!((both.text("email"), both.text("name")), (Some("ada@example.com"), Some("Ada")));
    }
}
