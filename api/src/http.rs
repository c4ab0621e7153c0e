//! The HTTP client of whatever asks a server of this kind: commands, the demo, the check of another role; and the address
//! that commands take.

use reqwest::{Client, ClientBuilder, Url, redirect::Policy};

/// Reads `--url`: an http or https address without a slash at its end.
///
/// # Errors
/// What is wrong with it.
pub fn base_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("{error}; expected something like http://127.0.0.1:8000"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("expected http://… or https://…".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("expected an address without ? and #".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// A client for the server at `base_url`. It follows no redirects: one turns a POST into a GET.
///
/// The system's root certificates are read only where TLS will be spoken, so that a plain address works in a container
/// that has none.
pub fn client(base_url: &str) -> ClientBuilder {
    // Fails where it was installed before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().redirect(Policy::none());
    if base_url.starts_with("https:") { builder } else { builder.tls_certs_only([]) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_the_slash_at_their_end_and_keep_their_path() {
        assert_eq!(base_url("http://127.0.0.1:8000/").unwrap(), "http://127.0.0.1:8000");
        assert_eq!(base_url("https://example.com/agents").unwrap(), "https://example.com/agents");
        for bad in ["127.0.0.1:8000", "localhost", "ftp://example.com", "http://example.com/?a=b", ""] {
            assert!(base_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn clients_are_built_for_plain_and_for_encrypted_addresses() {
        client("http://127.0.0.1:8000").build().unwrap();
        client("https://example.com").build().unwrap();
    }
}
