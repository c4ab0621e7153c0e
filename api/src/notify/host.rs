//! Where a webhook leads, as far as its address says: what a name stands for is found out when it is resolved.

use std::net::IpAddr;

use reqwest::Url;

use super::address::why_private;

/// What lets private addresses be reached.
pub(super) const ALLOW: &str = "only WEBHOOK_ALLOW_PRIVATE=true lets webhooks reach private networks";
/// Ends of names that mean something in private networks alone.
const PRIVATE_ENDS: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];

/// Whether messages may be sent to `url`, as far as can be told without resolving its name.
///
/// # Errors
/// What is wrong with it.
pub fn check_address(url: &str, allow_private: bool) -> Result<(), String> {
    let url = Url::parse(url).map_err(|error| format!("is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must begin with https:// or http://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user or a password".to_owned());
    }
    check_host(&url, allow_private)
}

/// Whether the host of a URL may be reached. One that is a name may still stand for an address that may not.
pub(super) fn check_host(url: &Url, allow_private: bool) -> Result<(), String> {
    // Parsed already: 0x7f.1 and 2130706433 are 127.0.0.1 here, and [::1] has its brackets.
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("must name a host")?;
    if allow_private {
        return Ok(());
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return why_private(address).map_or(Ok(()), |why| Err(format!("leads to {bare}, {why}: {ALLOW}")));
    }
    let name = bare.trim_end_matches('.').to_ascii_lowercase();
    let is_private = !name.contains('.')
        || PRIVATE_ENDS
            .iter()
            .any(|end| name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    if is_private { Err(format!("leads to {name}, a name of private networks: {ALLOW}")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_on_the_internet_may_be_reached() {
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
    fn however_a_private_address_is_written_it_is_refused_unless_allowed() {
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
    fn what_is_no_address_of_a_webhook_is_refused_wherever_it_leads() {
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
