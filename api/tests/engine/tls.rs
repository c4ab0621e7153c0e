//! Redis behind TLS and a password. Private authorities are named by `SSL_CERT_FILE`, which a process has from its start:
//! the test starts this binary anew for itself.

use std::process::Command;

use api::redis::{Redis, RedisUrl};

use test_support::redis::{RedisOptions, RedisServer};

const URL: &str = "TEST_REDIS_URL";

#[tokio::test]
async fn a_tls_url_with_a_password_works_where_the_authority_is_trusted_and_only_there() {
    let options =
        RedisOptions { tls: true, password: Some("s3cret-word".to_owned()), ..RedisOptions::default() };
    let server = RedisServer::start_with(options);
    for (trusted, works) in [(true, true), (false, false)] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "tls::asked_by_the_test_above", "--ignored"]).env(URL, server.url());
        if trusted {
            command.env("SSL_CERT_FILE", server.authority());
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.success(), works, "{said}");
        assert!(!said.contains("s3cret-word"), "{said}");
    }
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn asked_by_the_test_above() {
    let url: RedisUrl = std::env::var(URL).unwrap().parse().unwrap();
    println!("{url:?}");
    Redis::patient(&url).unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_an_error_that_does_not_show_it() {
    let options = RedisOptions { password: Some("right".to_owned()), ..RedisOptions::default() };
    let server = RedisServer::start_with(options);
    let url: RedisUrl = server.url().replace("right", "s3cret-word").parse().unwrap();
    let redis = Redis::quick(&url).unwrap();
    let failure = redis.ping().await.unwrap_err();
    let shown = format!("{failure} {failure:?} {redis:?} {url:?}");
    assert!(!shown.contains("s3cret-word"), "{shown}");
}
