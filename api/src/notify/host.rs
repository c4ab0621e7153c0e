//! Checks the host of a webhook URL. The addresses of a name are checked when it is resolved.

use std::net::IpAddr;

use reqwest::Url;

use super::address::why_private;

/// The setting that allows private addresses.
pub(super) const ALLOW: &str = "private networks require WEBHOOK_ALLOW_PRIVATE=true";
/// Domain suffixes that are used only in private networks.
const PRIVATE_ENDS: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];

/// Checks whether notifications may be sent to `url`, without resolving its host name.
///
/// # Errors
/// Returns what is wrong with it.
pub fn check_address(url: &str, allow_private: bool) -> Result<(), String> {
    let url = Url::parse(url).map_err(|error| format!("is not a valid URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must begin with https:// or http://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user or a password".to_owned());
    }
    check_host(&url, allow_private)
}

/// Checks the host of a URL. A name may still resolve to a private address.
pub(super) fn check_host(url: &Url, allow_private: bool) -> Result<(), String> {
    // The URL parser has normalized the host: 0x7f.1 and 2130706433 are 127.0.0.1, and [::1] has brackets.
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("must name a host")?;
    if allow_private {
        return Ok(());
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return why_private(address)
            .map_or(Ok(()), |why| Err(format!("must not point to {bare}, {why}: {ALLOW}")));
    }
    let name = bare.trim_end_matches('.').to_ascii_lowercase();
    let is_private = !name.contains('.')
        || PRIVATE_ENDS
            .iter()
            .any(|end| name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    if is_private {
        Err(format!("must not point to {name}, a name used in private networks: {ALLOW}"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allows_internet_addresses() {
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
    fn rejects_private_addresses_in_every_notation_unless_allowed() {
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
            let refused = check_address(url, false);
            assert!(
                refused.as_ref().is_err_and(|why| why.contains("WEBHOOK_ALLOW_PRIVATE")),
                "{url}: {refused:?}"
            );
            assert_eq!(check_address(url, true), Ok(()), "{url}");
        }
    }

    #[test]
    fn rejects_urls_that_are_not_http_even_if_private_networks_are_allowed() {
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
