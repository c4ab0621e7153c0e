//! Accounts: registration, login, and the validation that form and API share.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    error::{FieldError, check},
    limit,
};

/// A new account and its workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterRequest {
    /// The e-mail address. Unique among all accounts, regardless of case.
    pub email: String,
    /// The password: at least 8 characters and at most 72 bytes.
    pub password: String,
    /// The full name: 1 to 256 bytes without control characters.
    pub full_name: String,
    /// The name of the workspace: 1 to 256 bytes without control characters.
    pub workspace_name: String,
}

impl RegisterRequest {
    /// Returns an error for every invalid field, in the order of the form.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        FieldError::all([
            ("full_name", check_name(&self.full_name)),
            ("email", check_email(&self.email)),
            ("workspace_name", check_name(&self.workspace_name)),
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

/// The account of the current session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The id of the account.
    pub id: Uuid,
    /// The e-mail address in lower case.
    pub email: String,
    /// The full name.
    pub full_name: String,
    /// The workspace of the account.
    pub workspace_id: Uuid,
    /// The name of the workspace.
    pub workspace_name: String,
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

/// Checks that `password` is long enough, and that bcrypt does not truncate it.
///
/// # Errors
/// Returns the message for the form.
pub fn check_password(password: &str) -> Result<(), &'static str> {
    if password.is_empty() {
        Err("is required")
    } else if password.chars().count() < limit::PASSWORD_MIN_CHARS {
        Err("must have at least 8 characters")
    } else if password.len() > limit::PASSWORD_MAX_BYTES {
        Err("must have at most 72 bytes")
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
    fn passwords_have_a_minimum_of_characters_and_a_maximum_of_bytes() {
        assert!(check_password("pässwör").is_err());
        assert!(check_password("pässwört").is_ok());
        assert!(check_password(&"x".repeat(72)).is_ok());
        assert!(check_password(&"ä".repeat(37)).is_err());
    }

    #[test]
    fn a_registration_reports_every_invalid_field() {
        let fields: Vec<_> =
            RegisterRequest::default().validate().into_iter().map(|error| error.field).collect();
        assert_eq!(fields, ["full_name", "email", "workspace_name", "password"]);
    }
}
