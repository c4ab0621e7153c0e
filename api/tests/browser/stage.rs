//! Runs a test with a server and a browser. Both end with the test; a failed test saves a screenshot.

use std::{
    any::type_name,
    env, fs,
    panic::{AssertUnwindSafe, resume_unwind},
    path::{Path, PathBuf},
    sync::LazyLock,
    thread::available_parallelism,
};

use futures_util::FutureExt;
use tokio::sync::Semaphore;

use test_support::{
    chromium::Chromium,
    oidc::OidcProvider,
    page::Page,
    server::{self, Builder, Member, PASSWORD, Server},
};

use crate::oidc;

/// Limits the number of concurrent browsers, since each consists of many processes.
static BROWSERS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(2, usize::from).min(4)));

/// Runs a test. The console must contain no errors or warnings at the end; a test that provokes errors consumes them with
/// [`Page::expect_console_errors`].
pub async fn browse(body: impl AsyncFnOnce(&Page, &Server)) {
    browse_with(&[], body).await;
}

/// Runs a test like [`browse`], with these settings of the server.
pub async fn browse_with(settings: &[(&'static str, &str)], body: impl AsyncFnOnce(&Page, &Server)) {
    let name = name_of(&body);
    play(&name, settings, async |page, server| {
        body(page, &server).await;
        assert_eq!(page.chromium.console_errors().await, Vec::<String>::new(), "in the console");
    })
    .await;
}

/// Runs a test like [`browse_with`], with an OpenID Connect provider.
pub async fn browse_with_provider(settings: &[(&'static str, &str)], body: impl AsyncFnOnce(&Page, &Server)) {
    let provider = OidcProvider::start(&oidc::accounts(), true).await;
    play_on(&name_of(&body), provider.configure(with_settings(settings)), async |page, server| {
        body(page, &server).await;
    })
    .await;
}

/// Runs a test that stops its server.
pub async fn browse_until_stopped(body: impl AsyncFnOnce(&Page, Server)) {
    let name = name_of(&body);
    play(&name, &[], body).await;
}

/// Creates an account, logs in, and opens `path`.
pub async fn member_on(page: &Page, server: &Server, path: &str) -> Member {
    let member = server.member("ada").await;
    page.open(path).await;
    page.log_in(&member.user.email, PASSWORD).await;
    page.expect_path(path).await;
    member
}

async fn play(name: &str, settings: &[(&'static str, &str)], body: impl AsyncFnOnce(&Page, Server)) {
    play_on(name, with_settings(settings), body).await;
}

fn with_settings(settings: &[(&'static str, &str)]) -> Builder {
    let builder = server::builder().with_system_clock().with("WEB_DIR", spa().to_str().unwrap());
    settings.iter().fold(builder, |builder, (name, value)| builder.with(name, value))
}

async fn play_on(name: &str, builder: Builder, body: impl AsyncFnOnce(&Page, Server)) {
    let _permit = BROWSERS.acquire().await.unwrap();
    let server = builder.spawn().await;
    let page = Page { url: server.url.clone(), chromium: Chromium::start().await };
    let outcome = AssertUnwindSafe(body(&page, server)).catch_unwind().await;
    if outcome.is_err() {
        save_screenshot(name, &page).await;
    }
    page.chromium.end().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

async fn save_screenshot(name: &str, page: &Page) {
    let Ok(screenshot) = page.chromium.client.screenshot().await else { return };
    // A sibling of target/tmp, whose path Cargo provides.
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("browser-failures");
    let file = directory.join(format!("{name}.png"));
    fs::create_dir_all(&directory).and_then(|()| fs::write(&file, screenshot)).unwrap();
    println!("screenshot: {}", file.display());
}

/// Returns the name of a test from the type of its body: `browser::login::a_test::{{closure}}…`.
fn name_of<F>(_: &F) -> String {
    let mut parts: Vec<&str> = type_name::<F>().split("::").skip(1).collect();
    parts.retain(|part| !part.starts_with('{'));
    parts.join(".")
}

fn spa() -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/dist");
    let directory = env::var_os("AGENT_OBS_WEB_DIST").map_or_else(built, PathBuf::from);
    assert!(
        directory.join("index.html").is_file(),
        "no web application in {}: build it with `make test`",
        directory.display()
    );
    directory
}
