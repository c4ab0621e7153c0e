//! Serves the files of the SPA, built in or from a directory: compressed, immutable if their names contain a hash, and
//! the page itself for every path that is a route of the SPA.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs,
    io::{self, Read},
    path::Path,
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{self, HeaderMap},
    },
    web::Data,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use crate::error::ApiError;

/// The files that [`build.rs`](../../../build.rs) embedded: name, content, brotli, gzip.
type Embedded = &'static [(&'static str, &'static [u8], &'static [u8], &'static [u8])];
const EMBEDDED: Embedded = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

const PAGE: &str = "index.html";
const NO_PAGES: &str = "<!doctype html><html lang=\"en\"><title>Agent Observability</title><p>This server was built without the \
                        SPA. Run <code>make build</code>, or start it with <code>--web-dir</code>.";

/// The files in memory.
#[derive(Clone, Debug)]
pub struct Assets {
    files: HashMap<String, Asset>,
    page_policy: String,
}

#[derive(Clone, Debug)]
struct Asset {
    content_type: &'static str,
    etag: String,
    immutable: bool,
    /// None if a large file is embedded only compressed.
    plain: Option<Cow<'static, [u8]>>,
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

impl Assets {
    /// Returns the embedded files.
    #[must_use]
    pub fn embedded() -> Self {
        let file = |&(name, plain, brotli, gzip): &(&str, &'static [u8], &'static [u8], &'static [u8])| {
            let is_compressed = plain.is_empty();
            // Images, for example, do not become smaller.
            let smaller =
                |bytes: &'static [u8]| (is_compressed || bytes.len() < plain.len()).then_some(bytes);
            let content = if is_compressed { gzip } else { plain };
            let asset = Asset {
                plain: (!is_compressed).then_some(Cow::Borrowed(plain)),
                brotli: smaller(brotli),
                gzip: smaller(gzip),
                ..Asset::new(name, Cow::Borrowed(content))
            };
            (name.to_owned(), asset)
        };
        Self::of(EMBEDDED.iter().map(file).collect())
    }

    /// Reads the files of a directory.
    ///
    /// # Errors
    /// Returns an error if it cannot be read.
    pub fn from_dir(directory: &Path) -> io::Result<Self> {
        let mut files = HashMap::new();
        let mut directories = vec![directory.to_owned()];
        while let Some(next) = directories.pop() {
            for entry in fs::read_dir(next)? {
                let path = entry?.path();
                if path.is_dir() {
                    directories.push(path);
                    continue;
                }
                let name = path.strip_prefix(directory).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                let asset = Asset::new(&name, Cow::Owned(fs::read(&path)?));
                files.insert(name, asset);
            }
        }
        Ok(Self::of(files))
    }

    fn of(files: HashMap<String, Asset>) -> Self {
        let page = files.get(PAGE).and_then(|page| page.plain.as_ref());
        let page = page.map(|page| String::from_utf8_lossy(page).into_owned()).unwrap_or_default();
        Self { files, page_policy: page_policy(&page) }
    }

    fn find(&self, path: &str, accepts_pages: bool) -> Option<(&Asset, bool)> {
        let name = path.trim_start_matches('/');
        match self.files.get(name) {
            Some(asset) => Some((asset, name == PAGE)),
            None if accepts_pages => self.files.get(PAGE).map(|page| (page, true)),
            None => None,
        }
    }
}

impl Asset {
    fn new(name: &str, plain: Cow<'static, [u8]>) -> Self {
        let digest = Sha256::digest(&plain);
        let etag = format!("\"{}\"", STANDARD.encode(&digest[..12]));
        Self {
            content_type: content_type(name),
            etag,
            immutable: has_hash(name),
            plain: Some(plain),
            brotli: None,
            gzip: None,
        }
    }

    /// Returns the smallest encoding that the client accepts, and its name.
    fn encoded(&self, headers: &HeaderMap) -> (Vec<u8>, Option<&'static str>) {
        let accepted =
            headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let accepts = |name: &str| {
            accepted.split(',').any(|offer| {
                let (coding, quality) = offer.split_once(';').unwrap_or((offer, ""));
                coding.trim() == name && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
            })
        };
        match (self.brotli, self.gzip) {
            (Some(bytes), _) if accepts("br") => (bytes.to_vec(), Some("br")),
            (_, Some(bytes)) if accepts("gzip") => (bytes.to_vec(), Some("gzip")),
            _ => (self.plain(), None),
        }
    }

    fn plain(&self) -> Vec<u8> {
        match (&self.plain, self.gzip) {
            (Some(plain), _) => plain.to_vec(),
            (None, gzip) => {
                let mut plain = Vec::new();
                // build.rs has compressed it, so it is valid.
                drop(GzDecoder::new(gzip.unwrap_or_default()).read_to_end(&mut plain));
                plain
            }
        }
    }
}

/// Serves a file, the page for a route of the SPA, or 404.
///
/// # Errors
/// Returns 404 if the file does not exist and the client does not accept HTML, and 405 for methods other than GET and
/// HEAD.
pub async fn serve(assets: Data<Assets>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let path = request.path();
    if path.ends_with("/v1/traces") {
        return Err(ApiError::WRONG_TRACES_PATH);
    }
    if path.starts_with("/api/") || path.starts_with("/v1/") {
        return Err(ApiError::NotFound("Endpoint not found; see /docs"));
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Err(ApiError::MethodNotAllowed("GET, HEAD".to_owned()));
    }
    let accept =
        request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // The first page is for every client, such as curl and load balancers.
    let accepts_pages = path == "/" || accept.contains("text/html");
    if accepts_pages && assets.files.is_empty() {
        return Ok(HttpResponse::NotFound().content_type("text/html; charset=utf-8").body(NO_PAGES));
    }
    let (asset, is_page) = assets.find(path, accepts_pages).ok_or(ApiError::NotFound("File not found"))?;
    let known = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tag| tag.as_bytes() == asset.etag.as_bytes());
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    let caching = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    response
        .insert_header((header::CONTENT_TYPE, asset.content_type))
        .insert_header((header::ETAG, asset.etag.as_str()))
        .insert_header((header::CACHE_CONTROL, caching))
        .insert_header((header::VARY, "Accept-Encoding"));
    if is_page {
        response.insert_header((header::CONTENT_SECURITY_POLICY, assets.page_policy.as_str()));
    }
    if known {
        return Ok(response.finish());
    }
    let (body, encoding) = asset.encoded(request.headers());
    if let Some(encoding) = encoding {
        response.insert_header((header::CONTENT_ENCODING, encoding));
    }
    Ok(response.body(body))
}

/// Returns the content security policy of the page: it may load its own files and run its inline scripts, listed by
/// hash.
fn page_policy(page: &str) -> String {
    let hashes: String = inline_scripts(page)
        .map(|script| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script))))
        .collect();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

fn inline_scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        (!attributes.contains("src=") && !script.is_empty()).then_some(script)
    })
}

/// Returns whether the name contains a hash of the content, as trunk generates it: `web-1a2b3c4d5e6f7a8b.js`.
fn has_hash(name: &str) -> bool {
    name.split(['-', '_', '.'])
        .any(|part| part.len() >= 15 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, suffix)| suffix) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "webmanifest" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn policy_allows_inline_scripts_by_hash_and_others_by_origin() {
        let page = r#"<script type="module">run()</script><script src="/a.js"></script>"#;
        assert_eq!(inline_scripts(page).collect::<Vec<_>>(), ["run()"]);
        let policy = page_policy(page);
        assert!(
            policy.contains(&format!("'sha256-{}'", STANDARD.encode(Sha256::digest("run()")))),
            "{policy}"
        );
        assert!(!policy.contains("script-src 'self' 'unsafe-inline'"));
    }

    #[test]
    fn a_file_that_is_embedded_compressed_is_decompressed_for_clients_that_do_not_accept_it() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(b"the program").unwrap();
        let gzip: &'static [u8] = encoder.finish().unwrap().leak();
        let asset = Asset { plain: None, gzip: Some(gzip), ..Asset::new("web.wasm", Cow::Borrowed(gzip)) };
        assert_eq!(asset.encoded(&HeaderMap::new()), (b"the program".to_vec(), None));
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, "gzip".parse().unwrap())]);
        assert_eq!(asset.encoded(&headers), (gzip.to_vec(), Some("gzip")));
    }

    #[test]
    fn only_names_with_a_hash_are_immutable() {
        assert!(has_hash("web-1a2b3c4d5e6f7a8b_bg.wasm"));
        assert!(!has_hash("index.html") && !has_hash("favicon.svg"));
    }
}
