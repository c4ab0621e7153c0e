//! Checks the URLs of webhooks. The addresses of a host name are checked when it is resolved.

use std::net::IpAddr;

use reqwest::Url;

use super::address::private_kind;

/// The hint of errors about private networks.
pub(super) const HINT: &str = "set WEBHOOK_ALLOW_PRIVATE=true to allow webhooks to private networks";
/// Suffixes of names that only exist in private networks.
const PRIVATE_SUFFIXES: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];

/// Checks that `url` is an HTTP URL without credentials, and that its host is not private. Does not resolve names.
///
/// # Errors
/// Returns what is invalid, as a predicate.
pub fn check_address(url: &str, allow_private: bool) -> Result<(), String> {
    let url = Url::parse(url).map_err(|error| format!("is not a valid URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must begin with https:// or http://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user name or password".to_owned());
    }
    check_host(&url, allow_private)
}

/// Checks that the host of a URL is not private. A public name may still resolve to a private address.
pub(super) fn check_host(url: &Url, allow_private: bool) -> Result<(), String> {
    // `Url` has normalized the host: 0x7f.1 and 2130706433 are 127.0.0.1. IPv6 addresses have brackets.
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("must name a host")?;
    if allow_private {
        return Ok(());
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return private_kind(address)
            .map_or(Ok(()), |why| Err(format!("must not be private, found {bare}, {why}; {HINT}")));
    }
    let name = bare.trim_end_matches('.').to_ascii_lowercase();
    let is_private = !name.contains('.')
        || PRIVATE_SUFFIXES.iter().any(|suffix| {
            name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
    if is_private { Err(format!("must not be private, found {name}; {HINT}")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_public_hosts() {
        for url in [
            "https://example.com/hook?a=b",
            "http://hooks.slack.com:8080/services/T/B/x",
            "https://8.8.8.8/",
            "https://[2606:4700::1]/",
            "https://localhost.example.com/",
            "https://notlocal.net./",
        ] {
            assert_eq!(check_address(url, false), Ok(()), "{url}");
        }
    }

    #[test]
    fn rejects_private_hosts_in_every_notation_unless_allowed() {
        for url in [
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost:8080/",
            "http://redis:6379/",
            "http://metadata.google.internal/",
            "http://printer.local/",
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://0/",
            "http://127.0.0.1./",
            "http://１２７.0.0.1/",
            "http://10.0.0.1:9000/",
            "http://169.254.169.254/latest/meta-data",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[fd00::1]/",
        ] {
            let result = check_address(url, false);
            assert!(
                result.as_ref().is_err_and(|why| why.contains("WEBHOOK_ALLOW_PRIVATE")),
                "{url}: {result:?}"
            );
            assert_eq!(check_address(url, true), Ok(()), "{url}");
        }
    }

    #[test]
    fn rejects_invalid_urls_even_if_private_hosts_are_allowed() {
        for url in [
            "",
            "example.com",
            "ftp://example.com",
            "https://",
            "https://u:p@example.com",
            "https://example.com:99999/",
            "http://[::1",
        ] {
            assert!(check_address(url, true).is_err(), "{url}");
        }
    }
}
