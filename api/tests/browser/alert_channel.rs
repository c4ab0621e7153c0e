//! Alert channels in the settings.

use crate::stage::{browse, browse_with, member_on};
use test_support::{
    page::{button, heading, region, text},
    receiver::{Receiver, Reply},
};

const DIALOG: &str = "//dialog[@open]";

#[tokio::test]
async fn adds_tests_and_deletes_a_webhook() {
    browse_with(&[("WEBHOOK_ALLOW_PRIVATE", "true")], async |page, server| {
        let receiver = Receiver::start([Reply::Status(200, "", ""), Reply::Status(410, "", "gone")]).await;
        let member = member_on(page, server, "/settings/channels").await;
        page.fill("Channel name", "on call").await;
        page.fill("URL", &receiver.url()).await;
        page.click(&button("Add channel")).await;
        let panel = region("Alert channels");
        let secret = page.find(&format!("{panel}//*[@role='status']//code")).await.text().await.unwrap();
        assert!(secret.starts_with("whsec_"), "{secret}");

        page.click(&button("Test on call")).await;
        let outcome = format!("{panel}//*[@role='status'][starts-with(normalize-space(), 'Test:')]");
        page.find(&format!("{outcome}{}", text("Delivered"))).await;
        let received = receiver.received();
        assert_eq!(received.len(), 1, "{received:?}");
        assert!(received[0].headers.contains_key("webhook-signature"), "{received:?}");

        page.click(&button("Test on call")).await;
        page.find(&format!("{outcome}{}", text("Failed"))).await;
        page.expect_count(&format!("{panel}//tbody/tr"), 2).await;

        page.click(&button("Enable on call")).await;
        page.find(&format!("{panel}//button[@aria-label='Enable on call' and @aria-checked='false']")).await;
        page.chromium.client.refresh().await.unwrap();
        page.find(&button("Test on call")).await;
        let source = page.chromium.client.source().await.unwrap();
        assert!(!source.contains(&secret), "the secret is shown only once");
        page.click(&button("Delete on call")).await;
        page.find(&format!("{DIALOG}{}", heading("Delete “on call”?"))).await;
        page.click(&format!("{DIALOG}{}", button("Delete"))).await;
        page.expect_absent(&button("Test on call")).await;
        let channels = member.get("/api/v1/alert-channels").await.expect(200).json();
        assert_eq!(channels["total"], 0, "{channels}");
    })
    .await;
}

#[tokio::test]
async fn shows_validation_errors_at_the_fields_of_a_channel() {
    browse(async |page, server| {
        member_on(page, server, "/settings/channels").await;
        page.fill("URL", "http://127.0.0.1:9/hook").await;
        page.click(&button("Add channel")).await;
        page.find("//*[@id='name-note']").await;
        page.fill("Channel name", "inside").await;
        page.click(&button("Add channel")).await;
        page.find("//*[@id='url-note']").await;
        page.choose("Type", "email").await;
        page.fill("Recipients", "ada@example.com, nobody").await;
        page.click(&button("Add channel")).await;
        page.find("//*[@id='to-note']").await;
        page.expect_console_errors("422").await;
    })
    .await;
}
