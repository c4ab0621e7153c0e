//! Starting and stopping: invalid settings, the generated secret, and a data directory that is used again.

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use test_support::{
    child::{Process, binary, command},
    server::PASSWORD,
};

fn run(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout) + &text(output.stderr))
}

#[test]
fn invalid_setting_stops_the_start_and_names_what_is_expected() {
    let directory = tempfile::tempdir().unwrap();
    for (name, value) in [
        ("SERVICE_PORT", "abc"),
        ("SERVICE_PORT", "65536"),
        ("SERVICE_HOST", "nowhere"),
        ("OTLP_GRPC_PORT", "4317/tcp"),
        ("JWT_TTL_SECONDS", "soon"),
        ("CACHE_TTL_HOME_KPIS", "-1"),
        ("RATE_LIMIT_PER_MINUTE", "many"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("LOG_LEVEL", "chatty"),
        ("LOG_FORMAT", "xml"),
    ] {
        let (code, output) = run(command(directory.path(), &[(name, value)]));
        assert_eq!(code, Some(2), "{name}={value}: {output}");
        assert!(output.contains(&format!("{name}={value}")) && output.contains("expected"), "{output}");
        assert!(!output.contains("listens on"), "{output}");
    }
    assert!(
        std::fs::read_dir(directory.path()).unwrap().next().is_none(),
        "nothing is created if a setting is invalid"
    );
}

#[test]
fn short_secret_stops_the_start_and_is_not_printed() {
    let directory = tempfile::tempdir().unwrap();
    let (code, output) = run(command(directory.path(), &[("JWT_SECRET", "hunter2-hunter2")]));
    assert_eq!(code, Some(2), "{output}");
    assert!(
        output.contains("JWT_SECRET") && output.contains("32 bytes") && !output.contains("hunter2"),
        "{output}"
    );
}

/// Returns the permissions of the directory and of each file in it.
fn modes(directory: &Path) -> BTreeMap<String, u32> {
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    files
        .map(|file| (file.file_name().into_string().unwrap(), mode(&file.path())))
        .chain([(".".to_owned(), mode(directory))])
        .collect()
}

#[test]
fn data_is_accessible_only_to_its_owner_whatever_the_umask() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data");
    let start = || {
        let mut shell = Command::new("sh");
        let settings = command(parent.path(), &[]);
        shell.env_clear().envs(settings.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.env("DATA_DIR", &directory).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        shell.args(["-c", "umask 000; exec \"$0\" serve"]).arg(binary());
        Process::spawn(shell)
    };
    let expect_private = || {
        let modes = modes(&directory);
        for name in ["accounts.db", "accounts.db-wal", "traces.db", "traces.db-shm", "jwt_secret", "."] {
            let expected = if name == "." { 0o700 } else { 0o600 };
            assert_eq!(modes.get(name), Some(&expected), "{name}: {modes:?}");
        }
    };
    let process = start();
    expect_private();
    process.kill();
    // An older version left the permissions to the umask.
    let set = |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    for name in ["accounts.db", "accounts.db-wal", "traces.db", "traces.db-wal", "traces.db-shm"] {
        set(&directory.join(name), 0o644);
    }
    set(&directory, 0o755);
    let _process = start();
    expect_private();
}

#[test]
fn port_in_use_stops_the_start_and_is_named() {
    let occupied = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = occupied.local_addr().unwrap().port().to_string();
    let directory = tempfile::tempdir().unwrap();
    let (code, output) = run(command(directory.path(), &[("SERVICE_PORT", &port)]));
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains(&format!("SERVICE_PORT={port}")), "{output}");
}

#[test]
fn configured_grpc_port_in_use_stops_the_start_and_is_named() {
    let occupied = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = occupied.local_addr().unwrap().port().to_string();
    let directory = tempfile::tempdir().unwrap();
    let (code, output) = run(command(directory.path(), &[("OTLP_GRPC_PORT", &port)]));
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains(&format!("OTLP_GRPC_PORT={port}")), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn default_grpc_port_in_use_disables_only_grpc() {
    // Occupied by this test or already by another process.
    let _occupied = std::net::TcpListener::bind("127.0.0.1:4317");
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path(), &[("OTLP_GRPC_PORT", "")]);
    process.anonymous_client().get("/health").await.expect(200);
    let (status, output) = tokio::task::spawn_blocking(|| process.terminate()).await.unwrap();
    assert_eq!(status.code(), Some(0), "{output}");
    assert!(output.contains("OTLP over gRPC is off") && output.contains("4317"), "{output}");
}

#[test]
fn data_directory_that_cannot_be_created_stops_the_start_and_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let inside = file.join("data");
    let (code, output) = run(command(directory.path(), &[("DATA_DIR", inside.to_str().unwrap())]));
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains(inside.to_str().unwrap()), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_secret_is_private_and_tokens_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path(), &[]);
    let file = directory.path().join("jwt_secret");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let secret = std::fs::read_to_string(&file).unwrap();
    assert!(secret.trim().len() >= 32);
    process.anonymous_client().register("ada@example.com", PASSWORD).await.expect(201);
    let token = process.anonymous_client().login("ada@example.com", PASSWORD).await.expect(200).json();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let (status, output) = tokio::task::spawn_blocking(|| process.terminate()).await.unwrap();
    assert_eq!(status.code(), Some(0), "{output}");
    assert!(!output.contains(secret.trim()), "{output}");

    let process = Process::start(directory.path(), &[]);
    process.anonymous_client().with_token(&token).get("/api/v1/auth/me").await.expect(200);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), secret);
    process.kill();
    let process = Process::start(directory.path(), &[("JWT_SECRET", "another secret of at least 32 bytes")]);
    process
        .anonymous_client()
        .with_token(&token)
        .get("/api/v1/auth/me")
        .await
        .expect_error(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_account_works_only_with_the_option_demo() {
    let directory = tempfile::tempdir().unwrap();
    let demo = || {
        let mut command = command(directory.path(), &[]);
        command.arg("--demo");
        Process::spawn(command)
    };
    let log_in = async |process: &Process| {
        process.anonymous_client().login("demo@agent-obs.local", "demo-password").await
    };
    let process = demo();
    let token = log_in(&process).await.expect(200).json();
    process.kill();
    let process = Process::start(directory.path(), &[]);
    log_in(&process).await.expect_error(403, "forbidden");
    let client = process.anonymous_client().with_token(token["access_token"].as_str().unwrap());
    client.get("/api/v1/auth/me").await.expect_error(401, "unauthorized");
    process.kill();
    log_in(&demo()).await.expect(200);
}
