//! Login over OpenID Connect, and whether people log in with passwords.

use domain::secret::Secret;
use reqwest::Url;
use shared::{
    access::Role,
    auth::{check_email, check_name},
};
use store::account::OidcWorkspace;

use super::setting::{InvalidSetting, Settings, invalid};

/// The name of the workspace that the first login creates, by default.
const WORKSPACE: &str = "Default";
const SCOPES: &str = "openid email profile";
const ROLES: &str = "owner, member or viewer";

/// The OpenID Connect provider, and who may log in over it.
#[derive(Clone, Debug)]
pub struct Oidc {
    /// The URL of the provider, exactly as in its tokens.
    pub issuer: String,
    /// The id of this server at the provider.
    pub client_id: String,
    /// The secret of this server at the provider; none for a public client.
    pub client_secret: Option<Secret>,
    /// The scopes to request.
    pub scopes: Vec<String>,
    /// The workspace that people enter.
    pub workspace: OidcWorkspace,
    /// The role of people without a mapped one; without it they may not log in.
    pub default_role: Option<Role>,
    /// The domains of the e-mails that may log in; all if empty.
    pub allowed_domains: Vec<String>,
    /// The claim with the groups of a person, and the role of each group.
    pub roles: Option<RoleMap>,
    /// The URL of the SPA without a trailing slash.
    pub public_url: String,
}

impl Oidc {
    /// Returns the URL that starts a login.
    #[must_use]
    pub fn login_url(&self) -> String {
        format!("{}/api/v1/auth/oidc/login", self.public_url)
    }
}

/// Maps the values of a claim to roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleMap {
    /// The name of the claim, or a path of names separated by dots.
    pub claim: String,
    /// Values and their roles.
    pub roles: Vec<(String, Role)>,
}

impl Oidc {
    pub(super) fn read(
        settings: &Settings<'_>,
        public_url: Option<&String>,
    ) -> Result<Option<Self>, InvalidSetting> {
        let Some(issuer) = settings.text("OIDC_ISSUER") else {
            let unused = [
                "OIDC_CLIENT_ID",
                "OIDC_CLIENT_SECRET",
                "OIDC_SCOPES",
                "OIDC_WORKSPACE",
                "OIDC_DEFAULT_ROLE",
                "OIDC_ALLOWED_DOMAINS",
                "OIDC_ROLE_CLAIM",
                "OIDC_ROLE_MAP",
            ];
            return match unused.into_iter().find(|name| settings.text(name).is_some()) {
                Some(name) => Err(invalid(name, "[hidden]", "no value without OIDC_ISSUER")),
                None => Ok(None),
            };
        };
        let is_url = Url::parse(&issuer)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none());
        if !is_url {
            return Err(invalid("OIDC_ISSUER", issuer, "a URL like https://accounts.example.com"));
        }
        let required = |name, example: &str| {
            let expected = format!("{example}, required with OIDC_ISSUER");
            settings.text(name).ok_or_else(|| invalid(name, "", expected))
        };
        let public_url = public_url.cloned().ok_or_else(|| {
            invalid("PUBLIC_URL", "", "the URL of the pages, required with OIDC_ISSUER for the redirect URL")
        })?;
        let domain = |text: &str| check_email(&format!("a@{text}")).is_ok().then(|| text.to_lowercase());
        Ok(Some(Self {
            client_id: required("OIDC_CLIENT_ID", "the id of this server at the provider")?,
            client_secret: settings.text("OIDC_CLIENT_SECRET").map(Secret::new),
            scopes: scopes(settings)?,
            workspace: workspace(settings)?,
            default_role: match settings
                .one_of("OIDC_DEFAULT_ROLE", &["owner", "member", "viewer", "none"])?
            {
                Some(name) => Role::parse(name),
                None => Some(Role::Member),
            },
            allowed_domains: settings.list(
                "OIDC_ALLOWED_DOMAINS",
                "domains like example.com, separated by commas",
                domain,
            )?,
            roles: role_map(settings)?,
            issuer,
            public_url,
        }))
    }
}

fn scopes(settings: &Settings<'_>) -> Result<Vec<String>, InvalidSetting> {
    let text = settings.text("OIDC_SCOPES").unwrap_or_else(|| SCOPES.to_owned());
    let scopes: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
    if !scopes.iter().any(|scope| scope == "openid") {
        return Err(invalid("OIDC_SCOPES", text, "scopes separated by spaces, including openid"));
    }
    Ok(scopes)
}

fn workspace(settings: &Settings<'_>) -> Result<OidcWorkspace, InvalidSetting> {
    let text = settings.text("OIDC_WORKSPACE").unwrap_or_else(|| WORKSPACE.to_owned());
    if let Ok(id) = text.parse() {
        return Ok(OidcWorkspace::Id(id));
    }
    let expected =
        "the id of a workspace, or a name of 1 to 256 bytes for the one that the first login creates";
    check_name(&text).map_err(|_| invalid("OIDC_WORKSPACE", &text, expected))?;
    Ok(OidcWorkspace::Name(text))
}

fn role_map(settings: &Settings<'_>) -> Result<Option<RoleMap>, InvalidSetting> {
    let roles = settings.list(
        "OIDC_ROLE_MAP",
        &format!("values and roles like admins:owner,developers:member, with the roles {ROLES}"),
        |text| {
            let (value, role) = text.rsplit_once(':')?;
            Some((value.trim().to_owned(), Role::parse(role.trim())?))
        },
    )?;
    match (settings.text("OIDC_ROLE_CLAIM"), roles.is_empty()) {
        (Some(claim), false) => Ok(Some(RoleMap { claim, roles })),
        (None, true) => Ok(None),
        (Some(_), true) => {
            Err(invalid("OIDC_ROLE_MAP", "", "values and roles, required with OIDC_ROLE_CLAIM"))
        }
        (None, false) => {
            Err(invalid("OIDC_ROLE_CLAIM", "", "the name of a claim, required with OIDC_ROLE_MAP"))
        }
    }
}
