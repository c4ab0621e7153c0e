//! The OpenAPI document matches the server: schemathesis generates valid and invalid requests for every operation from the
//! document, and checks the responses.

use std::process::Stdio;

use test_support::{
    packages,
    server::{Server, spawn_with_system_clock},
};
use tokio::process::Command;

/// Operations that end the session of the caller: each needs a caller of its own.
const ENDING: [&str; 5] =
    ["account_delete", "login_session_delete", "login_session_end", "login_session_end_all", "member_leave"];
/// The checks. The last three are in schemathesis_hooks.py.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,missing_required_header,\
    unsupported_method,use_after_free,ignored_auth,valid_requests_are_accepted,invalid_requests_are_rejected,\
    allow_header_lists_the_methods";
/// The maximum number of generated requests per operation, in addition to one for each limit in the document.
const EXAMPLES: &str = "5";

async fn schemathesis(server: &Server, name: &str, selection: &[&str]) {
    let member = server.member(name).await;
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(packages::python())
        .args(["-m", "schemathesis.cli", "run", &format!("{}/openapi.json", server.url)])
        .args(["--header", &format!("Authorization: Bearer {}", member.token())])
        .args(["--seed", "1", "--generation-database", "none"])
        .args(["--max-examples", EXAMPLES, "--checks", CHECKS])
        .args(["--no-color", "--warnings", "off"])
        .args(selection)
        .current_dir(directory.path())
        .env("PYTHONPATH", packages::sources())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{name}: {report}{}", String::from_utf8_lossy(&output.stderr));
    // A run without requests would succeed as well.
    assert!(report.contains("test cases:") || report.contains("Test cases:"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_does_what_the_openapi_document_says() {
    let server = spawn_with_system_clock().await;
    let exclusions: Vec<_> = ENDING.iter().flat_map(|id| ["--exclude-operation-id", id]).collect();
    schemathesis(&server, "all", &exclusions).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_that_end_the_session_do_what_the_openapi_document_says() {
    let server = spawn_with_system_clock().await;
    for id in ENDING {
        schemathesis(&server, &id.replace('_', "-"), &["--include-operation-id", id]).await;
    }
}
