//! Redis with TLS and a password. `SSL_CERT_FILE` names private authorities and must be set when a process starts: the test
//! runs this binary again as a child process.

use std::process::Command;

use api::redis::{Redis, RedisUrl};

use test_support::redis::{RedisOptions, RedisServer};

const URL: &str = "TEST_REDIS_URL";

#[tokio::test]
async fn tls_connection_succeeds_only_if_the_authority_is_trusted() {
    let options =
        RedisOptions { tls: true, password: Some("s3cret-word".to_owned()), ..RedisOptions::default() };
    let server = RedisServer::start_with(options);
    for (trusted, works) in [(true, true), (false, false)] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "tls::connects_in_a_child_process", "--ignored"]).env(URL, server.url());
        if trusted {
            command.env("SSL_CERT_FILE", server.authority());
        }
        let output = command.output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.success(), works, "{stdout}");
        assert!(!stdout.contains("s3cret-word"), "{stdout}");
    }
}

#[tokio::test]
#[ignore = "run by the test above in a child process"]
async fn connects_in_a_child_process() {
    let url: RedisUrl = std::env::var(URL).unwrap().parse().unwrap();
    println!("{url:?}");
    Redis::for_queue(&url).unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn error_about_a_wrong_password_does_not_contain_it() {
    let options = RedisOptions { password: Some("right".to_owned()), ..RedisOptions::default() };
    let server = RedisServer::start_with(options);
    let url: RedisUrl = server.url().replace("right", "s3cret-word").parse().unwrap();
    let redis = Redis::for_cache(&url).unwrap();
    let failure = redis.ping().await.unwrap_err();
    let shown = format!("{failure} {failure:?} {redis:?} {url:?}");
    assert!(!shown.contains("s3cret-word"), "{shown}");
}
