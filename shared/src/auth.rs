//! Accounts: what registration and login send and get, and the checks that the form and the API both make.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{error::FieldError, limit};

/// A new account with its workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterRequest {
    /// Unique among all accounts, whatever its letters' case.
    pub email: String,
    /// 8 characters to 72 bytes.
    pub password: String,
    /// How the person is called.
    pub full_name: String,
    /// The new workspace's name.
    pub workspace_name: String,
}

impl RegisterRequest {
    /// Every field that is wrong, in the form's order.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let checks = [
            ("full_name", check_name(&self.full_name)),
            ("email", check_email(&self.email)),
            ("workspace_name", check_name(&self.workspace_name)),
            ("password", check_password(&self.password)),
        ];
        checks
            .into_iter()
            .filter_map(|(field, check)| check.err().map(|detail| FieldError::new(field, detail)))
            .collect()
    }
}

/// E-mail and password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginRequest {
    /// The account's e-mail.
    pub email: String,
    /// The account's password.
    pub password: String,
}

/// A token to send as `Authorization: Bearer …`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenResponse {
    /// The JWT.
    pub access_token: String,
    /// Always `bearer`.
    pub token_type: String,
    /// Seconds until the token ends.
    pub expires_in: u64,
}

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The account.
    pub id: Uuid,
    /// The account's e-mail, in lower case.
    pub email: String,
    /// How the person is called.
    pub full_name: String,
    /// The workspace whose data the account sees.
    pub workspace_id: Uuid,
    /// That workspace's name.
    pub workspace_name: String,
}

/// Whether `email` could be an address: one `@` with something before it and a host after it.
///
/// # Errors
/// What is wrong, for the person who typed it.
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
    if plausible { Ok(()) } else { Err("must be an e-mail address, like you@example.com") }
}

/// Whether `password` is long enough, and short enough for bcrypt to read all of it.
///
/// # Errors
/// What is wrong, for the person who typed it.
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

/// Whether `name` can be a person's, a workspace's or a key's name.
///
/// # Errors
/// What is wrong, for the person who typed it.
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
    fn passwords_are_counted_in_characters_below_and_bytes_above() {
        assert!(check_password("pässwör").is_err());
        assert!(check_password("pässwört").is_ok());
        assert!(check_password(&"x".repeat(72)).is_ok());
        assert!(check_password(&"ä".repeat(37)).is_err());
    }

    #[test]
    fn a_registration_names_every_wrong_field() {
        let fields: Vec<_> =
            RegisterRequest::default().validate().into_iter().map(|error| error.field).collect();
        assert_eq!(fields, ["full_name", "email", "workspace_name", "password"]);
    }
}
