//! All settings, read once at the start. A bad one stops the start with its name, what was found (secrets hidden) and
//! what is expected.

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

use actix_web::http::Uri;

use crate::{
    cache::{Kind, Ttls},
    gateway::secret::{self, Secret},
};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For machines.
    Json,
}

/// The settings of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 picks a free one.
    pub port: u16,
    /// Where the databases and the generated secret are.
    pub data_dir: PathBuf,
    /// What signs the tokens; generated and kept in the data folder where absent.
    pub jwt_secret: Option<Secret>,
    /// How long a token holds.
    pub jwt_ttl: Duration,
    /// How long answers are kept.
    pub cache_ttls: Ttls,
    /// Requests of one workspace in a minute at most; 0 for no limit.
    pub rate_limit_per_minute: u32,
    /// Origins whose pages may call the API.
    pub cors_allowed_origins: Vec<String>,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: String,
    /// Pretty on a terminal and JSON elsewhere where absent.
    pub log_format: Option<LogFormat>,
    /// A folder with the SPA, instead of the one that is built in.
    pub web_dir: Option<PathBuf>,
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}={found}: expected {expected}")]
pub struct InvalidSetting {
    name: &'static str,
    found: String,
    expected: String,
}

impl Config {
    /// Reads the settings through `lookup`, which is the environment outside of tests. An empty value counts as absent.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let settings = Settings(|name: &str| lookup(name).filter(|value| !value.trim().is_empty()));
        let mut cache_ttls = Ttls::default();
        for (name, kinds) in [
            ("CACHE_TTL_HOME_KPIS", [Kind::HomeKpis, Kind::Charts].as_slice()),
            ("CACHE_TTL_ALERTS", &[Kind::Alerts]),
            ("CACHE_TTL_ACTIVITY", &[Kind::Activity]),
            ("CACHE_TTL_TRACES_LIST", &[Kind::TracesList]),
            ("CACHE_TTL_TRACE_DETAIL", &[Kind::TraceDetail]),
        ] {
            if let Some(seconds) = settings.parsed(name, "a number of seconds")? {
                kinds.iter().for_each(|&kind| cache_ttls.set(kind, Duration::from_secs(seconds)));
            }
        }
        let jwt_ttl: u64 = settings.parsed("JWT_TTL_SECONDS", "a number of seconds")?.unwrap_or(86_400);
        if !(60..=31_536_000).contains(&jwt_ttl) {
            return Err(invalid("JWT_TTL_SECONDS", jwt_ttl, "60 (a minute) to 31536000 (a year)"));
        }
        Ok(Self {
            host: settings
                .parsed("SERVICE_HOST", "an IP address, like 127.0.0.1 or 0.0.0.0")?
                .unwrap_or([127, 0, 0, 1].into()),
            port: settings.parsed("SERVICE_PORT", "a port, 0 to 65535")?.unwrap_or(8000),
            data_dir: settings.text("DATA_DIR").unwrap_or_else(|| "./data".to_owned()).into(),
            jwt_secret: settings.secret("JWT_SECRET")?,
            jwt_ttl: Duration::from_secs(jwt_ttl),
            cache_ttls,
            rate_limit_per_minute: settings
                .parsed("RATE_LIMIT_PER_MINUTE", "a number of requests, 0 for no limit")?
                .unwrap_or(1000),
            cors_allowed_origins: settings.origins("CORS_ALLOWED_ORIGINS")?,
            log_level: settings
                .one_of("LOG_LEVEL", &["error", "warn", "info", "debug", "trace"])?
                .unwrap_or("info")
                .to_owned(),
            log_format: settings
                .one_of("LOG_FORMAT", &["pretty", "json"])?
                .map(|format| if format == "json" { LogFormat::Json } else { LogFormat::Pretty }),
            web_dir: settings.text("WEB_DIR").map(PathBuf::from),
        })
    }
}

struct Settings<L>(L);

impl<L: Fn(&str) -> Option<String>> Settings<L> {
    fn text(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned())
    }

    fn parsed<T: FromStr>(&self, name: &'static str, expected: &str) -> Result<Option<T>, InvalidSetting> {
        self.text(name).map(|found| found.parse().map_err(|_| invalid(name, found, expected))).transpose()
    }

    fn one_of(
        &self,
        name: &'static str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, InvalidSetting> {
        let Some(found) = self.text(name) else { return Ok(None) };
        let word = words.iter().copied().find(|word| word.eq_ignore_ascii_case(&found));
        word.map(Some).ok_or_else(|| invalid(name, found, words.join(", ")))
    }

    fn secret(&self, name: &'static str) -> Result<Option<Secret>, InvalidSetting> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if text.len() < secret::MIN_BYTES {
            let found = format!("[{} bytes, hidden]", text.len());
            return Err(invalid(name, found, format!("at least {} bytes", secret::MIN_BYTES)));
        }
        Ok(Some(Secret::new(text)))
    }

    fn origins(&self, name: &'static str) -> Result<Vec<String>, InvalidSetting> {
        let text = self.text(name).unwrap_or_default();
        let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        origins
            .map(|origin| {
                let sound = origin.parse::<Uri>().is_ok_and(|uri| {
                    matches!(uri.scheme_str(), Some("http" | "https"))
                        && uri.host().is_some()
                        && !origin.ends_with('/')
                });
                if sound {
                    Ok(origin.to_owned())
                } else {
                    Err(invalid(name, origin, "origins like https://app.example.com, separated by commas"))
                }
            })
            .collect()
    }
}

fn invalid(name: &'static str, found: impl fmt::Display, expected: impl Into<String>) -> InvalidSetting {
    InvalidSetting { name, found: found.to_string(), expected: expected.into() }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Config, InvalidSetting> {
        Config::read(|name| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn everything_has_a_default() {
        let config = read(&[]).unwrap();
        assert_eq!(
            (config.port, config.rate_limit_per_minute, config.jwt_ttl.as_secs()),
            (8000, 1000, 86_400)
        );
        assert_eq!(config.cache_ttls.get(Kind::HomeKpis), shared::ttl::HOME_KPIS);
    }

    #[test]
    fn a_bad_setting_is_named_with_what_was_expected() {
        for (name, value) in [
            ("SERVICE_PORT", "80000"),
            ("SERVICE_HOST", "localhost:80"),
            ("CACHE_TTL_ALERTS", "1m"),
            ("LOG_LEVEL", "loud"),
            ("JWT_TTL_SECONDS", "5"),
            ("CORS_ALLOWED_ORIGINS", "https://a.example, b.example"),
        ] {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains("expected"), "{error}");
        }
    }

    #[test]
    fn a_short_secret_is_refused_without_being_shown() {
        let error = read(&[("JWT_SECRET", "hunter2")]).unwrap_err().to_string();
        assert!(error.contains("JWT_SECRET") && !error.contains("hunter2"), "{error}");
        let config = read(&[("JWT_SECRET", "0123456789abcdef0123456789abcdef")]).unwrap();
        assert!(!format!("{config:?}").contains("0123456789"));
    }
}
