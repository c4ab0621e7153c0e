//! E-mails sent over SMTP.

use std::time::Duration;

use api::config::{Config, Notify};
use base64::{Engine, engine::general_purpose::STANDARD};
use shared::{
    alert::Alert,
    alert_channel::{AlertChannel, AlertChannelRequest, AlertEvent, ChannelTarget, DeliveryState},
};

use crate::{
    smtp::{MailServer, Replies},
    stage::{Stage, local},
};

pub const TIMEOUT: Duration = Duration::from_secs(20);

/// Returns settings read from an SMTP URL, as an operator writes them.
fn settings(url: &str) -> Notify {
    let config = Config::read(None, |name| match name {
        "SMTP_URL" => Some(url.to_owned()),
        "SMTP_FROM" => Some("Agent Observability <alerts@example.com>".to_owned()),
        _ => None,
    });
    Notify { smtp: config.unwrap().notify.smtp, ..local() }
}

pub fn settings_for(server: &MailServer) -> Notify {
    settings(&format!("smtp://127.0.0.1:{}", server.port))
}

async fn email(stage: &Stage, to: &[&str]) -> AlertChannel {
    stage
        .create_channel(AlertChannelRequest::new(
            "ops",
            ChannelTarget::Email { to: to.iter().map(|&to| to.to_owned()).collect() },
        ))
        .await
}

#[tokio::test]
async fn an_email_contains_text_and_html_and_is_marked_as_auto_generated() {
    let stage = Stage::new().await;
    let server = MailServer::start(Replies::default()).await;
    let channel = email(&stage, &["ada@example.com", "bob@example.com"]).await;
    let alert = Alert { description: "It is <b>bad</b> & \"worse\".".to_owned(), ..stage.alert() };
    let id = stage.notify(&channel, AlertEvent::Firing, Some(&alert)).await;
    let _delivering = stage.deliverer_with(settings_for(&server), TIMEOUT).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!((delivery.state, delivery.error.as_deref()), (DeliveryState::Delivered, None));
    assert_eq!(delivery.status_code, Some(250));

    let [mail] = server.mails().try_into().unwrap();
    assert_eq!(mail.from, "alerts@example.com");
    assert_eq!(mail.to, ["ada@example.com", "bob@example.com"]);
    let header = |name| mail.header(name);
    assert_eq!(header("Subject").unwrap(), "[critical] Agent Observability: 1 alert firing");
    assert_eq!(header("From").unwrap(), "\"Agent Observability\" <alerts@example.com>");
    assert_eq!(header("To").unwrap(), "ada@example.com, bob@example.com");
    assert_eq!(header("Date").unwrap(), "Tue, 14 Nov 2023 22:13:20 +0000");
    assert_eq!(header("Message-ID").unwrap(), format!("<{id}@example.com>"));
    assert_eq!(header("Auto-Submitted").unwrap(), "auto-generated");
    assert!(header("Content-Type").unwrap().starts_with("multipart/alternative"));
    // Quoted-printable folds lines with a trailing "=".
    let text = mail.text.replace("=\r\n", "").replace("=3D", "=");
    let page = "https://example.com/obs";
    for part in [
        "It is <b>bad</b> & \"worse\".",
        "Value: 7.5%\r\n",
        "Threshold: 5%\r\n",
        "Agent: support-bot\r\n",
        &format!("Alert: {page}/alerts/{}\r\n", alert.id),
        &format!("Traces: {page}/traces?range=custom&"),
        "<p>It is &lt;b&gt;bad&lt;/b&gt; &amp; &quot;worse&quot;.</p>",
        &format!("<a href=\"{page}/alerts/{}\">", alert.id),
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[tokio::test]
async fn hostile_names_add_no_headers_lines_links_or_images_to_an_email() {
    let stage = Stage::new().await;
    let server = MailServer::start(Replies::default()).await;
    let channel = email(&stage, &["ada@example.com"]).await;
    let hostile =
        "a\r\nBcc: eve@example.com\r\n\r\n<img src='https://evil.example/x.png'> http://www.evil.example";
    let alert = Alert {
        title: hostile.to_owned(),
        description: format!("The agent {hostile} failed."),
        agent_id: Some(hostile.to_owned()),
        ..stage.alert()
    };
    let id = stage.notify(&channel, AlertEvent::Firing, Some(&alert)).await;
    let _delivering = stage.deliverer_with(settings_for(&server), TIMEOUT).await;
    assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    let [mail] = server.mails().try_into().unwrap();
    assert_eq!((mail.to.as_slice(), mail.header("Bcc")), (["ada@example.com".to_owned()].as_slice(), None));
    // Quoted-printable: folded lines, and the zero-width space.
    let text = mail.text.replace("=\r\n", "").replace("=E2=80=8B", "\u{200b}");
    let (headers, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(!headers.contains("\nBcc"), "{headers}");
    assert!(body.matches("evil.example").count() >= 6, "{body}");
    for harmful in ["\nBcc", "://evil", "://www", "www.evil"] {
        assert!(!body.contains(harmful), "{harmful:?}: {body}");
    }
    let (_, html) = body.split_once("<!doctype html>").unwrap();
    assert!(!html.contains("<img"), "{html}");
}

#[tokio::test]
async fn emails_of_one_alert_share_a_thread() {
    let stage = Stage::new().await;
    let server = MailServer::start(Replies::default()).await;
    let channel = email(&stage, &["ada@example.com"]).await;
    let _delivering = stage.deliverer_with(settings_for(&server), TIMEOUT).await;
    let (one, other) = (stage.alert(), stage.alert());
    for (event, alert) in [
        (AlertEvent::Firing, Some(&one)),
        (AlertEvent::Resolved, Some(&one)),
        (AlertEvent::Firing, Some(&other)),
        (AlertEvent::Test, None),
    ] {
        let id = stage.notify(&channel, event, alert).await;
        assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    }
    let mails = server.mails();
    let threads: Vec<_> = mails.iter().map(|mail| mail.header("References")).collect();
    assert_eq!(threads[0], Some(format!("<alert.{}@example.com>", one.id)));
    assert!(threads[0] == threads[1] && threads[0] != threads[2] && threads[3].is_none(), "{threads:?}");
    assert!(mails.iter().zip(&threads).all(|(mail, thread)| mail.header("In-Reply-To") == *thread));
    let subjects: Vec<_> = mails.iter().map(|mail| mail.header("Subject").unwrap()).collect();
    assert_eq!(
        subjects[1..],
        [
            "[resolved] Agent Observability: 1 alert resolved",
            "[critical] Agent Observability: 1 alert firing",
            "[test] Agent Observability"
        ]
    );
}

#[tokio::test]
async fn a_temporary_rejection_is_retried_and_a_permanent_one_is_not() {
    let stage = Stage::new().await;
    let busy = Replies { data: Some("451 4.3.0 Try again later"), ..Replies::default() };
    let server = MailServer::start(busy).await;
    let channel = email(&stage, &["ada@example.com"]).await;
    let _delivering = stage.deliverer_with(settings_for(&server), TIMEOUT).await;
    let id = stage.send_test(&channel).await;
    let delivery = stage.after_attempts(&channel, id, 1).await;
    assert_eq!((delivery.state, delivery.status_code), (DeliveryState::Pending, Some(451)));
    assert!(delivery.error.unwrap().contains("Try again later"));
    server.set_replies(Replies::default());
    stage.clock.advance(Duration::from_secs(10));
    assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    assert_eq!(server.mails().len(), 1);

    let unknown = "550 5.1.1 <ada@example.com>: nobody of that name";
    server.set_replies(Replies { rcpt: Some(unknown), ..Replies::default() });
    let id = stage.send_test(&channel).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!((delivery.state, delivery.status_code), (DeliveryState::Failed, Some(550)));
    let error = delivery.error.unwrap();
    assert!(
        error.starts_with("the mail server rejected the e-mail: ") && error.contains("nobody"),
        "{error}"
    );
}

#[tokio::test]
async fn a_rejected_recipient_does_not_block_the_others() {
    let stage = Stage::new().await;
    let unknown = "550 5.1.1 nobody of that name";
    for (rejection, status) in [(unknown, 550), ("452 4.2.2 The mailbox is full", 452)] {
        let replies = Replies {
            rcpt: Some(rejection),
            rejected_recipient: Some("bob@example.com"),
            ..Replies::default()
        };
        let server = MailServer::start(replies).await;
        let channel =
            email(&stage, &["ada@example.com", "a..b@example.com", "bob@example.com", " cy@example.com"])
                .await;
        let delivering = stage.deliverer_with(settings_for(&server), TIMEOUT).await;
        let id = stage.send_test(&channel).await;
        let delivery = stage.finished(&channel, id).await;
        assert_eq!((delivery.state, delivery.status_code), (DeliveryState::Delivered, Some(250)));
        let error = delivery.error.unwrap();
        assert!(
            error.starts_with(
                "not delivered to all recipients: a..b@example.com is not a valid e-mail address"
            ),
            "{error}"
        );
        assert!(error.contains("bob@example.com: the mail server rejected the e-mail"), "{error}");
        assert!(error.contains(&status.to_string()) && !error.contains("ada@"), "{error}");
        let mails = server.mails();
        let to: Vec<_> = mails.iter().map(|mail| mail.to.as_slice()).collect();
        assert_eq!(to, [["ada@example.com".to_owned()], ["cy@example.com".to_owned()]]);
        assert!(mails.iter().all(|mail| mail.header("Message-ID").unwrap().contains(&id.to_string())));

        // If the server rejects all recipients, the delivery fails as with a single one.
        server.set_replies(Replies { rcpt: Some(rejection), ..Replies::default() });
        let id = stage.send_test(&channel).await;
        let delivery = stage.after_attempts(&channel, id, 1).await;
        let expected = if status == 550 { DeliveryState::Failed } else { DeliveryState::Pending };
        assert_eq!((delivery.state, delivery.status_code), (expected, Some(status)));
        delivering.stop().await;
    }
}

#[tokio::test]
async fn a_silent_or_unreachable_mail_server_is_retried() {
    let stage = Stage::new().await;
    let server = MailServer::start(Replies { is_silent: true, ..Replies::default() }).await;
    let channel = email(&stage, &["ada@example.com"]).await;
    let delivering = stage.deliverer_with(settings_for(&server), Duration::from_millis(200)).await;
    let id = stage.send_test(&channel).await;
    let delivery = stage.after_attempts(&channel, id, 1).await;
    assert_eq!((delivery.state, delivery.status_code), (DeliveryState::Pending, None));
    let error = delivery.error.unwrap();
    assert!(error.contains("within 0."), "{error}");
    delivering.stop().await;

    let stopped = settings_for(&server);
    drop(server);
    let _delivering = stage.deliverer_with(stopped, TIMEOUT).await;
    let id = stage.send_test(&channel).await;
    let delivery = stage.after_attempts(&channel, id, 1).await;
    assert_eq!(delivery.state, DeliveryState::Pending);
    let error = delivery.error.unwrap();
    assert!(
        error.starts_with("communication with the mail server failed: ") && error.contains("refused"),
        "{error}"
    );
}

#[tokio::test]
async fn a_password_is_sent_unencrypted_only_if_the_url_allows_it() {
    let stage = Stage::new().await;
    let login: &'static str = Box::leak(STANDARD.encode("\0ada\0p@ss").into_boxed_str());
    let server = MailServer::start(Replies { login: Some(login), ..Replies::default() }).await;
    let channel = email(&stage, &["ada@example.com"]).await;
    let url = |password: &str, rest: &str| {
        settings(&format!("smtp://ada:{password}@127.0.0.1:{}{rest}", server.port))
    };

    // The server offers no encryption, so no credentials are sent.
    let delivering = stage.deliverer_with(url("p%40ss", ""), TIMEOUT).await;
    let id = stage.send_test(&channel).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!(delivery.state, DeliveryState::Failed);
    assert!(delivery.error.unwrap().contains("STARTTLS"));
    assert!(server.commands().iter().all(|command| !command.starts_with("AUTH")), "{:?}", server.commands());
    delivering.stop().await;

    let delivering = stage.deliverer_with(url("p%40ss", "?tls=none"), TIMEOUT).await;
    let id = stage.send_test(&channel).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!(delivery.state, DeliveryState::Delivered, "{:?}", delivery.error);
    delivering.stop().await;

    let _delivering = stage.deliverer_with(url("wrong", "?tls=none"), TIMEOUT).await;
    let id = stage.send_test(&channel).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!((delivery.state, delivery.status_code), (DeliveryState::Failed, Some(535)));
    let error = delivery.error.unwrap();
    assert!(!error.contains("wrong"), "{error}");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_subject_consists_of_fixed_words() {
    let stage = Stage::new().await;
    let server = MailServer::start(Replies::default()).await;
    let channel = email(&stage, &["ada@example.com"]).await;
    let alert = Alert { title: "Zu langsam: Prüfer\r\nBcc: eve@example.com".to_owned(), ..stage.alert() };
    let id = stage.notify(&channel, AlertEvent::Firing, Some(&alert)).await;
    let _delivering = stage.deliverer_with(settings_for(&server), TIMEOUT).await;
    assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    let mail = &server.mails()[0];
    assert_eq!((mail.header("Bcc"), mail.to.len()), (None, 1));
    assert!(mail.text.is_ascii());
    assert_eq!(mail.header("Subject").unwrap(), "[critical] Agent Observability: 1 alert firing");
}

#[tokio::test]
async fn missing_smtp_settings_and_invalid_addresses_fail_with_an_error() {
    let stage = Stage::new().await;
    let channel = email(&stage, &["ada@example.com"]).await;
    let delivering = stage.deliverer().await;
    let id = stage.send_test(&channel).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!(delivery.state, DeliveryState::Failed);
    assert!(delivery.error.unwrap().contains("SMTP_URL"));
    delivering.stop().await;

    let server = MailServer::start(Replies::default()).await;
    let channel = email(&stage, &["b b@example.com", "c"]).await;
    let _delivering = stage.deliverer_with(settings_for(&server), TIMEOUT).await;
    let id = stage.send_test(&channel).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!((delivery.state, server.mails().len()), (DeliveryState::Failed, 0));
    assert!(delivery.error.unwrap().starts_with("b b@example.com is not a valid e-mail address"));
}
