//! Checks the URLs of webhooks. The addresses of a host name are checked when it is resolved.

use std::net::IpAddr;

use reqwest::Url;

use super::private::PrivateTargets;

/// The hint of errors about private networks.
pub(super) const HINT: &str = "add the host or its network to WEBHOOK_ALLOW_PRIVATE to allow webhooks to it";
/// Suffixes of names that only exist in private networks.
const PRIVATE_SUFFIXES: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];

/// Checks that `url` is an HTTP URL without credentials, and that its host is not private. Does not resolve names.
///
/// # Errors
/// Returns what is invalid, as a predicate.
pub fn check_address(url: &str, private: &PrivateTargets) -> Result<(), String> {
    let url = Url::parse(url).map_err(|error| format!("is not a valid URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must begin with https:// or http://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user name or password".to_owned());
    }
    check_host(&url, private)
}

/// Checks that the host of a URL is not private. A public name may still resolve to a private address.
pub(super) fn check_host(url: &Url, private: &PrivateTargets) -> Result<(), String> {
    // `Url` has normalized the host: 0x7f.1 and 2130706433 are 127.0.0.1. IPv6 addresses have brackets.
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("must name a host")?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return private
            .rejects(address)
            .map_or(Ok(()), |why| Err(format!("must not be private, found {bare}, {why}; {HINT}")));
    }
    let name = bare.trim_end_matches('.').to_ascii_lowercase();
    let has_private_name = !name.contains('.')
        || PRIVATE_SUFFIXES.iter().any(|suffix| {
            name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
    if has_private_name && !private.may_resolve(&name) {
        return Err(format!("must not be private, found {name}; {HINT}"));
    }
    Ok(())
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
            assert_eq!(check_address(url, &PrivateTargets::default()), Ok(()), "{url}");
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
            let result = check_address(url, &PrivateTargets::default());
            assert!(
                result.as_ref().is_err_and(|why| why.contains("WEBHOOK_ALLOW_PRIVATE")),
                "{url}: {result:?}"
            );
            assert_eq!(check_address(url, &PrivateTargets::all()), Ok(()), "{url}");
        }
    }

    #[test]
    fn a_list_of_networks_and_hosts_allows_only_them() {
        let hosts: PrivateTargets = "10.0.0.7,hooks.internal".parse().unwrap_or_default();
        for (url, is_allowed) in [
            ("http://10.0.0.7/", true),
            ("http://hooks.internal:8080/", true),
            ("http://10.0.0.8/", false),
            ("http://127.0.0.1/", false),
            ("http://[::ffff:10.0.0.7]/", true),
        ] {
            assert_eq!(check_address(url, &hosts).is_ok(), is_allowed, "{url}");
        }
        // Other names are resolved first if a network is allowed.
        let host: PrivateTargets = "hooks.internal".parse().unwrap_or_default();
        assert!(check_address("http://localhost/", &host).is_err());
        assert_eq!(check_address("http://localhost/", &hosts), Ok(()));
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
            assert!(check_address(url, &PrivateTargets::all()).is_err(), "{url}");
        }
    }
}
