//! What every test stands on: a server with the SPA, and a browser that looks at it. Whatever comes of the test, both
//! end; where it fails, a picture of the page stays.

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

use crate::{
    chromium::Chromium,
    page::Page,
    server::{self, Member, PASSWORD, Server},
};

/// A browser is many processes: more at a time than these wait for each other anyway.
static BROWSERS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(2, usize::from).min(4)));

/// Runs a test, at whose end the console must hold no errors and no warnings. A test that provokes some takes them with
/// [`Page::expect_complaints`].
pub async fn browse(body: impl AsyncFnOnce(&Page, &Server)) {
    browse_with(&[], body).await;
}

/// The same on a server with these settings.
pub async fn browse_with(settings: &[(&'static str, &str)], body: impl AsyncFnOnce(&Page, &Server)) {
    let name = name_of(&body);
    play(&name, settings, async |page, server| {
        body(page, &server).await;
        assert_eq!(page.chromium.complaints().await, Vec::<String>::new(), "in the console");
    })
    .await;
}

/// The same for a test that stops its server.
pub async fn browse_until_stopped(body: impl AsyncFnOnce(&Page, Server)) {
    let name = name_of(&body);
    play(&name, &[], body).await;
}

/// Somebody with an account who has logged in on the way to `path`, which is shown now.
pub async fn member_on(page: &Page, server: &Server, path: &str) -> Member {
    let member = server.member("ada").await;
    page.open(path).await;
    page.log_in(&member.user.email, PASSWORD).await;
    page.expect_path(path).await;
    member
}

async fn play(name: &str, settings: &[(&'static str, &str)], body: impl AsyncFnOnce(&Page, Server)) {
    let _turn = BROWSERS.acquire().await.unwrap();
    let builder = server::builder().live().with("WEB_DIR", spa().to_str().unwrap());
    let server =
        settings.iter().fold(builder, |builder, (name, value)| builder.with(name, value)).spawn().await;
    let page = Page { url: server.url.clone(), chromium: Chromium::start().await };
    let outcome = AssertUnwindSafe(body(&page, server)).catch_unwind().await;
    if outcome.is_err() {
        picture(name, &page).await;
    }
    page.chromium.end().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

async fn picture(name: &str, page: &Page) {
    let Ok(picture) = page.chromium.client.screenshot().await else { return };
    // Beside target/tmp, which is what Cargo names.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("browser-failures");
    let file = folder.join(format!("{name}.png"));
    fs::create_dir_all(&folder).and_then(|()| fs::write(&file, picture)).unwrap();
    println!("what the page looked like: {}", file.display());
}

/// The test's name, from its body's: `browser::login::a_test::{{closure}}…`.
fn name_of<F>(_: &F) -> String {
    let mut parts: Vec<&str> = type_name::<F>().split("::").skip(1).collect();
    parts.retain(|part| !part.starts_with('{'));
    parts.join(".")
}

fn spa() -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/dist");
    let folder = env::var_os("AGENT_OBS_WEB_DIST").map_or_else(built, PathBuf::from);
    assert!(
        folder.join("index.html").is_file(),
        "there is no SPA in {}: `make test` builds it before it runs these tests",
        folder.display()
    );
    folder
}
