//! Accounts: registration, login, passwords, login sessions, and the validation that form and API share.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Timestamp,
    access::Role,
    error::{FieldError, check},
    limit,
    workspace::Workspace,
};

/// Who may register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// Anyone.
    Open,
    /// People with an invitation.
    Invite,
    /// Nobody.
    Closed,
}

/// How people can log in and register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginOptions {
    /// Who may register now.
    pub registration: Registration,
    /// Whether the server can send e-mails, such as those that reset a password.
    pub email: bool,
    /// Whether people log in with a password.
    pub password: bool,
    /// Where people log in over OpenID Connect, if they can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oidc_url: Option<String>,
}

/// Why a login over OpenID Connect failed: `error` in the fragment of the login page's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OidcError {
    /// The login took too long, or was started in another browser.
    Expired,
    /// The identity provider is unreachable, rejected the login, or sent an invalid answer.
    Provider,
    /// The settings of the server do not admit the person.
    NotAllowed,
    /// The identity provider did not send an e-mail address.
    NoEmail,
    /// Another account has the e-mail address.
    EmailTaken,
    /// The account is disabled.
    Disabled,
    /// The account is a member of no workspace.
    NoWorkspace,
    /// Too many failed logins from this address.
    RateLimited,
    /// The server failed.
    Internal,
}

/// The result of a login over OpenID Connect, in the fragment of the login page's address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OidcResult {
    /// The code for a token.
    Code(String),
    /// Why there is none.
    Error(OidcError),
}

/// The result of a login over OpenID Connect, in exchange for a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OidcTokenRequest {
    /// The code from the fragment of the login page's address, valid once for 60 seconds.
    pub code: String,
}

/// A new account, and its workspace or its invitation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterRequest {
    /// The e-mail address. Unique among all accounts, regardless of case.
    #[cfg_attr(feature = "openapi", schema(min_length = 3, max_length = 254))]
    pub email: String,
    /// The password: 8 to 1,024 characters, and not a common one.
    #[cfg_attr(feature = "openapi", schema(min_length = 8, max_length = 1024))]
    pub password: String,
    /// The full name: 1 to 256 bytes without control characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub full_name: String,
    /// The name of the new workspace: 1 to 256 bytes without control characters. Ignored with an invitation.
    #[serde(default)]
    pub workspace_name: String,
    /// The token of an invitation: the account becomes a member of its workspace instead of owning a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<String>,
}

impl RegisterRequest {
    /// Returns an error for every invalid field, in the order of the form.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let workspace_name =
            if self.invitation.is_some() { Ok(()) } else { check_name(&self.workspace_name) };
        FieldError::all([
            ("full_name", check_name(&self.full_name)),
            ("email", check_email(&self.email)),
            ("workspace_name", workspace_name),
            ("password", check_password(&self.password)),
        ])
    }
}

/// The credentials of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginRequest {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
    /// The token of an invitation to accept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<String>,
}

/// A new password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordRequest {
    /// The current password.
    pub current_password: String,
    /// The new password: 8 to 1,024 characters, and not a common one.
    #[cfg_attr(feature = "openapi", schema(min_length = 8, max_length = 1024))]
    pub new_password: String,
}

impl ChangePasswordRequest {
    /// Returns an error for every invalid field.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        FieldError::all([("new_password", check_password(&self.new_password))])
    }
}

/// The account whose password was forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ForgotPasswordRequest {
    /// The e-mail address.
    pub email: String,
}

/// A new password instead of a forgotten one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ResetPasswordRequest {
    /// The token of the e-mail or the command line, valid once.
    pub token: String,
    /// The new password: 8 to 1,024 characters, and not a common one.
    #[cfg_attr(feature = "openapi", schema(min_length = 8, max_length = 1024))]
    pub password: String,
}

impl ResetPasswordRequest {
    /// Returns an error for every invalid field.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        FieldError::all([("password", check_password(&self.password))])
    }
}

/// Changes of an account. Absent fields keep their values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateAccountRequest {
    /// The full name: 1 to 256 bytes without control characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
}

impl UpdateAccountRequest {
    /// Returns an error for every invalid field.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        FieldError::all(self.full_name.iter().map(|name| ("full_name", check_name(name))))
    }
}

/// The confirmation that an account is to be deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DeleteAccountRequest {
    /// The password. Absent for an account without one.
    #[serde(default)]
    pub password: String,
}

/// A login of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginSession {
    /// The id.
    pub id: Uuid,
    /// The time of the login.
    pub created_at: Timestamp,
    /// When the session last got a token.
    pub last_used_at: Timestamp,
    /// The network address of that request.
    pub address: String,
    /// The browser or program, as it describes itself.
    pub user_agent: String,
    /// Whether the request was sent in this session.
    pub is_current: bool,
}

/// A token, sent as `Authorization: Bearer …`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenResponse {
    /// The JWT.
    pub access_token: String,
    /// Always `bearer`.
    pub token_type: String,
    /// The lifetime of the token in seconds.
    pub expires_in: u64,
}

/// The account of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The id of the account.
    pub id: Uuid,
    /// The e-mail address in lower case.
    pub email: String,
    /// The full name.
    pub full_name: String,
    /// The current workspace.
    pub workspace_id: Uuid,
    /// The name of the current workspace.
    pub workspace_name: String,
    /// The role in the current workspace.
    pub role: Role,
    /// All workspaces of the account, by name.
    pub workspaces: Vec<Workspace>,
    /// Whether the account has a password; accounts of OpenID Connect have none.
    pub has_password: bool,
}

/// Checks that `email` has the form of an address: one `@` between a local part and a host.
///
/// # Errors
/// Returns the message for the form.
pub fn check_email(email: &str) -> Result<(), &'static str> {
    let email = email.trim();
    if email.is_empty() {
        return Err("is required");
    }
    let plausible = email.len() <= 254
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty()
                && !host.is_empty()
                && !host.contains('@')
                && !host.starts_with('.')
                && !host.ends_with('.')
        });
    check(plausible, "must be an e-mail address, such as you@example.com")
}

/// Checks the length of `password`. The API also rejects common passwords.
///
/// # Errors
/// Returns the message for the form.
pub fn check_password(password: &str) -> Result<(), &'static str> {
    if password.is_empty() {
        Err("is required")
    } else if password.chars().count() < limit::PASSWORD_MIN_CHARS {
        Err("must have at least 8 characters")
    } else if password.chars().count() > limit::PASSWORD_MAX_CHARS {
        Err("must have at most 1,024 characters")
    } else if password.contains('\0') {
        Err("must not contain a NUL character")
    } else {
        Ok(())
    }
}

/// Checks that `name` is a valid name: 1 to 256 bytes without control characters.
///
/// # Errors
/// Returns the message for the form.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    let name = name.trim();
    if name.is_empty() {
        Err("is required")
    } else if name.len() > limit::NAME_BYTES {
        Err("must have at most 256 bytes")
    } else if name.chars().any(char::is_control) {
        Err("must not contain control characters")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_need_a_local_part_and_a_host() {
        for good in ["a@b", "you@example.com", " you+tag@example.co.uk "] {
            assert!(check_email(good).is_ok(), "{good}");
        }
        for bad in ["", "you", "@example.com", "you@", "a@b@c", "a b@c", "a@.b", "a@b.", "a\n@b"] {
            assert!(check_email(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn passwords_have_a_minimum_and_a_maximum_of_characters() {
        assert!(check_password("pässwör").is_err());
        assert!(check_password("pässwört").is_ok());
        assert!(check_password(&"ä".repeat(1024)).is_ok());
        assert!(check_password(&"ä".repeat(1025)).is_err());
    }

    #[test]
    fn a_registration_reports_every_invalid_field() {
        let fields: Vec<_> =
            RegisterRequest::default().validate().into_iter().map(|error| error.field).collect();
        assert_eq!(fields, ["full_name", "email", "workspace_name", "password"]);
    }
}
