//! Recipients of e-mail channels over HTTP: their states, and the links by which they confirm.

use api::auth::key;
use serde_json::{Value, json};

use test_support::server::spawn;

const CHANNELS: &str = "/api/v1/alert-channels";
const CONFIRM: &str = "/api/v1/alert-recipients/confirm";

fn email(to: &[&str]) -> Value {
    json!({"name": "mail", "kind": "email", "to": to})
}

#[tokio::test]
async fn members_are_confirmed_and_others_confirm_by_a_link_that_is_used_once() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    // Bob is a member of another workspace.
    let to = ["Ada@example.com", "bob@example.com", "eve@example.com"];
    let created = ada.post(CHANNELS, &email(&to)).await.expect(201).json();
    let recipients = |states: [&str; 3]| -> Vec<Value> {
        to.iter().zip(states).map(|(to, state)| json!({"address": to, "state": state})).collect()
    };
    assert_eq!(created["recipients"], json!(recipients(["confirmed", "pending", "pending"])));
    let path = format!("{CHANNELS}/{}", created["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).await.expect(200).json()["recipients"], created["recipients"]);
    bob.get(&path).await.expect_error(404, "not_found");

    // A link was queued for each pending recipient.
    let log = ada.get(&format!("{path}/deliveries")).await.expect(200).json();
    let events: Vec<_> = log["items"].as_array().unwrap().iter().map(|one| &one["event"]).collect();
    assert_eq!(events, ["confirmation", "confirmation"]);

    let (workspace_id, now) = (ada.user.workspace_id, server.clock.now());
    let later = now + std::time::Duration::from_secs(60);
    server
        .with_alert_store(move |store| async move {
            let hash = key::hash("the token of eve");
            assert!(store.set_recipient_token(workspace_id, "eve@example.com", &hash, later).await.unwrap());
        })
        .await;
    let anyone = server.anonymous_client();
    anyone.get(&format!("{CONFIRM}?token=the+token+of+eve")).await.expect_error(405, "method_not_allowed");
    anyone.post(CONFIRM, &json!({"token": "another"})).await.expect_error(404, "not_found");
    anyone.post(CONFIRM, &json!({})).await.expect_error(422, "validation_failed");
    anyone.post(CONFIRM, &json!({"token": "the token of eve"})).await.expect(204);
    anyone.post(CONFIRM, &json!({"token": "the token of eve"})).await.expect_error(404, "not_found");
    let shown = ada.get(CHANNELS).await.expect(200).json();
    assert_eq!(shown["items"][0]["recipients"], json!(recipients(["confirmed", "pending", "confirmed"])));
}

#[tokio::test]
async fn a_link_is_sent_again_to_pending_recipients_of_the_channel_only_and_not_often() {
    let server = spawn().await;
    let (ada, bob) = (server.member("ada").await, server.member("bob").await);
    let created =
        ada.post(CHANNELS, &email(&["ada@example.com", "eve@example.com"])).await.expect(201).json();
    let path = format!("{CHANNELS}/{}/confirmations", created["id"].as_str().unwrap());
    let to = |address: &str| json!({ "address": address });
    for address in ["ada@example.com", "mallory@example.com"] {
        let response = ada.post(&path, &to(address)).await.expect_error(422, "validation_failed");
        assert_eq!(response.fields(), ["address"]);
    }
    bob.post(&path, &to("eve@example.com")).await.expect_error(404, "not_found");
    for _ in 0..20 {
        let delivery = ada.post(&path, &to("Eve@example.com")).await.expect(202).json();
        assert_eq!((&delivery["event"], &delivery["state"]), (&json!("confirmation"), &json!("pending")));
    }
    let response = ada.post(&path, &to("eve@example.com")).await.expect_error(429, "rate_limited");
    assert!(!response.header("retry-after").is_empty());
}
