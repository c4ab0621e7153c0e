//! Channels, on the page of settings.

use crate::{
    page::{button, heading, region, text},
    receiver::{Answer, Receiver},
    stage::{browse, browse_with, member_on},
};

const DIALOG: &str = "//dialog[@open]";

#[tokio::test]
async fn a_webhook_is_added_tried_and_removed() {
    browse_with(&[("WEBHOOK_ALLOW_PRIVATE", "true")], async |page, server| {
        let receiver = Receiver::start([Answer::Status(200, "", ""), Answer::Status(410, "", "gone")]).await;
        let member = member_on(page, server, "/settings").await;
        page.fill("Name of the channel", "on call").await;
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

        page.click(&button("Tell on call")).await;
        page.find(&format!("{panel}//button[@aria-label='Tell on call' and @aria-checked='false']")).await;
        page.chromium.client.refresh().await.unwrap();
        page.find(&button("Test on call")).await;
        let source = page.chromium.client.source().await.unwrap();
        assert!(!source.contains(&secret), "the secret is shown only once");
        page.click(&button("Delete on call")).await;
        page.find(&format!("{DIALOG}{}", heading("Delete “on call”?"))).await;
        page.click(&format!("{DIALOG}{}", button("Delete"))).await;
        page.gone(&button("Test on call")).await;
        let kept = member.get("/api/v1/alert-channels").await.expect(200).json();
        assert_eq!(kept["total"], 0, "{kept}");
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_channel_stands_at_its_field() {
    browse(async |page, server| {
        member_on(page, server, "/settings").await;
        page.fill("URL", "http://127.0.0.1:9/hook").await;
        page.click(&button("Add channel")).await;
        page.find("//*[@id='name-note']").await;
        page.fill("Name of the channel", "inside").await;
        page.click(&button("Add channel")).await;
        page.find("//*[@id='url-note']").await;
        page.choose("Kind", "email").await;
        page.fill("Addresses", "ada@example.com, nobody").await;
        page.click(&button("Add channel")).await;
        page.find("//*[@id='to-note']").await;
        page.expect_complaints("422").await;
    })
    .await;
}
