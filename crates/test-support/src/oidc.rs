//! An OpenID Connect provider as a child process: the certified npm package `oidc-provider`.

use std::{collections::BTreeMap, process::Stdio};

use reqwest::{Method, header::SET_COOKIE};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{packages, postgres::free_port, server::Builder};

/// The secret of the server under test at the provider.
const CLIENT_SECRET: &str = "the secret of the server at the provider";

pub struct OidcProvider {
    issuer: String,
    /// The URL of the server under test.
    public_url: String,
    port: u16,
    _child: Child,
    _directory: TempDir,
}

/// A browser that follows redirects one by one and keeps cookies per origin.
#[derive(Default)]
pub struct Browser {
    cookies: BTreeMap<(String, String), String>,
}

/// A response, before its redirect is followed.
pub struct Page {
    pub status: u16,
    pub location: Option<String>,
    pub text: String,
}

impl OidcProvider {
    /// Starts a provider for a server that does not run yet. `accounts` has the claims of each login.
    pub async fn start(accounts: &Value, claims_in_id_token: bool) -> Self {
        let port = free_port();
        let public_url = format!("http://127.0.0.1:{port}");
        let directory = tempfile::tempdir().unwrap();
        let script = directory.path().join("oidc-provider.mjs");
        std::fs::copy(packages::sources().join("oidc-provider.mjs"), &script).unwrap();
        // Node looks for packages next to the script.
        std::os::unix::fs::symlink(packages::node_modules(), directory.path().join("node_modules")).unwrap();
        let mut child = Command::new("node")
            .arg(script)
            .env("ACCOUNTS", accounts.to_string())
            .env("CLIENT_SECRET", CLIENT_SECRET)
            .env("REDIRECT_URL", format!("{public_url}/api/v1/auth/oidc/callback"))
            .env("CLAIMS_IN_ID_TOKEN", claims_in_id_token.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // The package prints warnings about settings for development first.
        let issuer = loop {
            let line = lines.next_line().await.unwrap().expect("the provider starts");
            if line.starts_with("http://") {
                break line;
            }
        };
        // The provider would end if nothing read its output.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { issuer, public_url, port, _child: child, _directory: directory }
    }

    /// Configures a server to use this provider.
    pub fn configure(&self, server: Builder) -> Builder {
        server
            .with("SERVICE_PORT", &self.port.to_string())
            .with("PUBLIC_URL", &self.public_url)
            .with("OIDC_ISSUER", &self.issuer)
            .with("OIDC_CLIENT_ID", "agent-obs")
            .with("OIDC_CLIENT_SECRET", CLIENT_SECRET)
    }
}

impl Browser {
    pub async fn get(&mut self, url: &str) -> Page {
        self.send(Method::GET, url, &[]).await
    }

    /// Sends a form, or the JSON `{"code": …}` to the server under test.
    pub async fn send(&mut self, method: Method, url: &str, form: &[(&str, &str)]) -> Page {
        let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
        let cookies = self.cookies.iter().filter(|((of, _), _)| *of == origin);
        let cookies: Vec<_> = cookies.map(|((_, name), value)| format!("{name}={value}")).collect();
        let client = api::http::client(url).build().unwrap();
        let mut request = client.request(method.clone(), url).header("cookie", cookies.join("; "));
        if url.contains("/api/v1/") && method == Method::POST {
            request = request.json(&form.iter().copied().collect::<BTreeMap<_, _>>());
        } else if method == Method::POST {
            let body: Vec<_> = form.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request =
                request.header("content-type", "application/x-www-form-urlencoded").body(body.join("&"));
        }
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert((origin.clone(), name.to_owned()), value.to_owned());
        }
        let location = response.headers().get("location").map(|location| {
            let location = location.to_str().unwrap();
            if location.starts_with('/') { format!("{origin}{location}") } else { location.to_owned() }
        });
        let status = response.status().as_u16();
        Page { status, location, text: response.text().await.unwrap() }
    }

    /// Starts a login at `server`, logs in at the provider, and returns the URL to which the provider redirects.
    pub async fn log_in_at_provider(&mut self, server: &str, login: &str) -> String {
        let callback = format!("{server}/api/v1/auth/oidc/callback");
        let mut url = format!("{server}/api/v1/auth/oidc/login?next=%2Ftraces%3Frange%3D7d");
        loop {
            let page = self.get(&url).await;
            url = match page.location {
                Some(location) => location,
                // A page of the provider with a form: the login, then the consent.
                None => {
                    let prompt = if page.text.contains("name=\"login\"") { "login" } else { "consent" };
                    let form = [("prompt", prompt), ("login", login), ("password", "any")];
                    let page = self.send(Method::POST, &url, &form).await;
                    page.location.unwrap_or_else(|| panic!("{}: {}", page.status, page.text))
                }
            };
            if url.starts_with(&callback) {
                return url;
            }
        }
    }

    /// Logs in, and returns the address of the login page to which the server redirects.
    pub async fn log_in(&mut self, server: &str, login: &str) -> String {
        let callback = self.log_in_at_provider(server, login).await;
        let page = self.get(&callback).await;
        assert_eq!(page.status, 303, "{}", page.text);
        page.location.unwrap()
    }

    /// Exchanges the code in the address of the login page for a token.
    pub async fn exchange(&mut self, server: &str, address: &str) -> Page {
        let code = address.split_once("#code=").unwrap_or_else(|| panic!("{address}")).1;
        self.send(Method::POST, &format!("{server}/api/v1/auth/oidc/token"), &[("code", code)]).await
    }
}
