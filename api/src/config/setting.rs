//! Reads and parses single settings. Errors contain the name, the value found (secrets are hidden) and the expected
//! values.

use std::{fmt, str::FromStr, time::Duration};

use actix_web::http::Uri;
use domain::secret::Secret;

use crate::redis::RedisUrl;

/// The minimum length of a secret in bytes: that of the HMAC output.
pub const SECRET_MIN_BYTES: usize = 32;

/// An invalid setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}={found}: expected {expected}")]
pub struct InvalidSetting {
    name: &'static str,
    found: String,
    expected: String,
}

/// The settings as text, by name. An empty value counts as absent.
pub(super) struct Settings<'a>(pub(super) &'a dyn Fn(&str) -> Option<String>);

impl Settings<'_> {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub(super) fn parsed<T: FromStr>(
        &self,
        name: &'static str,
        expected: &str,
    ) -> Result<Option<T>, InvalidSetting> {
        self.text(name).map(|found| found.parse().map_err(|_| invalid(name, found, expected))).transpose()
    }

    /// Reads a number from `least` to `most`.
    pub(super) fn within<T: FromStr + PartialOrd + fmt::Display + Copy>(
        &self,
        name: &'static str,
        (least, most): (T, T),
        unit: &str,
    ) -> Result<Option<T>, InvalidSetting> {
        let expected = format!("{least} to {most} {unit}");
        match self.parsed::<T>(name, &expected)? {
            Some(found) if found < least || found > most => Err(invalid(name, found, expected)),
            found => Ok(found),
        }
    }

    /// Reads a number of seconds within `bounds`.
    pub(super) fn seconds(
        &self,
        name: &'static str,
        bounds: (u64, u64),
        unit: &str,
        default: u64,
    ) -> Result<Duration, InvalidSetting> {
        Ok(Duration::from_secs(self.within(name, bounds, unit)?.unwrap_or(default)))
    }

    pub(super) fn one_of(
        &self,
        name: &'static str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, InvalidSetting> {
        let Some(found) = self.text(name) else { return Ok(None) };
        let word = words.iter().copied().find(|word| word.eq_ignore_ascii_case(&found));
        word.map(Some).ok_or_else(|| invalid(name, found, words.join(", ")))
    }

    pub(super) fn secret(&self, name: &'static str) -> Result<Option<Secret>, InvalidSetting> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if text.len() < SECRET_MIN_BYTES {
            return Err(invalid(name, hidden(&text), format!("at least {SECRET_MIN_BYTES} bytes")));
        }
        Ok(Some(Secret::new(text)))
    }

    /// Reads the URL of Redis.
    pub(super) fn redis(&self, name: &'static str) -> Result<Option<RedisUrl>, InvalidSetting> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let example = "a URL like redis://:password@host:6379, or rediss://… for TLS";
        text.parse().map(Some).map_err(|_| invalid(name, hidden(&text), example))
    }

    /// Reads the URL of a PostgreSQL database, which may contain a password.
    pub(super) fn postgres(&self, name: &'static str) -> Result<Option<Secret>, InvalidSetting> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        if rest.is_none_or(str::is_empty) {
            let example = "a URL like postgres://user:password@host:5432/database";
            return Err(invalid(name, hidden(&text), example));
        }
        Ok(Some(Secret::new(text)))
    }

    /// Reads a list separated by commas.
    pub(super) fn list<T>(
        &self,
        name: &'static str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, InvalidSetting> {
        let text = self.text(name).unwrap_or_default();
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|part| parse(part).ok_or_else(|| invalid(name, part, expected))).collect()
    }
}

/// Parses an http or https URL of only scheme, host and port.
pub(super) fn origin(text: &str) -> Option<Uri> {
    let uri = text.parse::<Uri>().ok()?;
    let sound =
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() && !text.ends_with('/');
    sound.then_some(uri)
}

pub(super) fn invalid(
    name: &'static str,
    found: impl fmt::Display,
    expected: impl Into<String>,
) -> InvalidSetting {
    InvalidSetting { name, found: found.to_string(), expected: expected.into() }
}

/// Describes a setting that may contain a password without showing it.
pub(super) fn hidden(text: &str) -> String {
    format!("[{} bytes, hidden]", text.len())
}
