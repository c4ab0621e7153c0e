//! The HTTP client for other agent-obs servers, used by commands, the demo and health checks, and its base URL.

use reqwest::{Client, ClientBuilder, Url, redirect::Policy};

/// Parses `--url`: an http or https URL, returned without a trailing slash.
///
/// # Errors
/// Returns what is wrong with the URL.
pub fn base_url(text: &str) -> Result<String, String> {
    let url =
        Url::parse(text).map_err(|error| format!("{error}; expected a URL like http://127.0.0.1:8000"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("expected http://… or https://…".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("expected a URL without query and fragment".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Returns a client for the server at `base_url`. It does not follow redirects, which may turn a POST into a GET.
///
/// The system's root certificates are loaded only for https, so that plain http works in containers without
/// certificates.
pub fn client(base_url: &str) -> ClientBuilder {
    // Fails if a provider is already installed, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().redirect(Policy::none());
    if base_url.starts_with("https:") { builder } else { builder.tls_certs_only([]) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn removes_the_trailing_slash_and_keeps_the_path() {
        assert_eq!(base_url("http://127.0.0.1:8000/").unwrap(), "http://127.0.0.1:8000");
        assert_eq!(base_url("https://example.com/agents").unwrap(), "https://example.com/agents");
        for bad in ["127.0.0.1:8000", "localhost", "ftp://example.com", "http://example.com/?a=b", ""] {
            assert!(base_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn builds_clients_for_http_and_https() {
        client("http://127.0.0.1:8000").build().unwrap();
        client("https://example.com").build().unwrap();
    }
}
