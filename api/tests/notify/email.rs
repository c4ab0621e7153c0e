//! E-mails, to a server that speaks SMTP.

use std::time::Duration;

use api::config::{Config, Notify};
use base64::{Engine, engine::general_purpose::STANDARD};
use shared::{
    alert::Alert,
    alert_channel::{AlertChannel, AlertChannelRequest, AlertEvent, ChannelKind, DeliveryState},
};

use crate::{
    smtp::{MailServer, Manners},
    stage::{Stage, local},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// Settings as an operator writes them.
fn settings(url: &str) -> Notify {
    let config = Config::read(None, |name| match name {
        "SMTP_URL" => Some(url.to_owned()),
        "SMTP_FROM" => Some("Agent Observability <alerts@example.com>".to_owned()),
        _ => None,
    });
    Notify { smtp: config.unwrap().notify.smtp, ..local() }
}

fn at(server: &MailServer) -> Notify {
    settings(&format!("smtp://127.0.0.1:{}", server.port))
}

async fn email(stage: &Stage, to: &[&str]) -> AlertChannel {
    stage
        .keep(AlertChannelRequest {
            name: "ops".to_owned(),
            kind: ChannelKind::Email,
            to: to.iter().map(|&to| to.to_owned()).collect(),
            ..AlertChannelRequest::default()
        })
        .await
}

#[tokio::test]
async fn an_alert_arrives_as_text_and_html_and_no_program_answers_it() {
    let stage = Stage::new().await;
    let server = MailServer::start(Manners::default()).await;
    let channel = email(&stage, &["ada@example.com", "bob@example.com"]).await;
    let alert = Alert { description: "It is <b>bad</b> & \"worse\".".to_owned(), ..stage.alert() };
    let id = stage.tell(&channel, AlertEvent::Firing, Some(&alert)).await;
    let _delivering = stage.deliverer_with(at(&server), PATIENCE).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!((delivery.state, delivery.error.as_deref()), (DeliveryState::Delivered, None));
    assert_eq!(delivery.status_code, Some(250));

    let [mail] = server.mails().try_into().unwrap();
    assert_eq!(mail.from, "alerts@example.com");
    assert_eq!(mail.to, ["ada@example.com", "bob@example.com"]);
    let header = |name| mail.header(name);
    assert_eq!(header("Subject").unwrap(), "[critical] High error rate: support-bot");
    assert_eq!(header("From").unwrap(), "\"Agent Observability\" <alerts@example.com>");
    assert_eq!(header("To").unwrap(), "ada@example.com, bob@example.com");
    assert_eq!(header("Date").unwrap(), "Tue, 14 Nov 2023 22:13:20 +0000");
    assert_eq!(header("Message-ID").unwrap(), format!("<{id}@example.com>"));
    assert_eq!(header("Auto-Submitted").unwrap(), "auto-generated");
    assert!(header("Content-Type").unwrap().starts_with("multipart/alternative"));
    // Lines are folded by a = at their ends.
    let text = mail.text.replace("=\r\n", "").replace("=3D", "=");
    let page = "https://example.com/obs";
    for part in [
        "It is <b>bad</b> & \"worse\".",
        "Value: 7.5%\r\n",
        "Threshold: 5%\r\n",
        "Agent: support-bot\r\n",
        &format!("Alert: {page}/alerts/{}\r\n", alert.id),
        &format!("Traces behind it: {page}/traces?range=custom&"),
        "<p>It is &lt;b&gt;bad&lt;/b&gt; &amp; &quot;worse&quot;.</p>",
        &format!("<a href=\"{page}/alerts/{}\">", alert.id),
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[tokio::test]
async fn the_mails_of_an_alert_hang_together_and_those_of_another_do_not() {
    let stage = Stage::new().await;
    let server = MailServer::start(Manners::default()).await;
    let channel = email(&stage, &["ada@example.com"]).await;
    let _delivering = stage.deliverer_with(at(&server), PATIENCE).await;
    let (one, other) = (stage.alert(), stage.alert());
    for (event, alert) in [
        (AlertEvent::Firing, Some(&one)),
        (AlertEvent::Resolved, Some(&one)),
        (AlertEvent::Firing, Some(&other)),
        (AlertEvent::Test, None),
    ] {
        let id = stage.tell(&channel, event, alert).await;
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
            "[resolved] High error rate: support-bot",
            "[critical] High error rate: support-bot",
            "[test] Agent Observability"
        ]
    );
}

#[tokio::test]
async fn what_is_refused_for_now_is_tried_again_and_what_is_refused_for_good_is_not() {
    let stage = Stage::new().await;
    let busy = Manners { data: Some("451 4.3.0 Try again later"), ..Manners::default() };
    let server = MailServer::start(busy).await;
    let channel = email(&stage, &["ada@example.com"]).await;
    let _delivering = stage.deliverer_with(at(&server), PATIENCE).await;
    let id = stage.test(&channel).await;
    let delivery = stage.tried(&channel, id, 1).await;
    assert_eq!((delivery.state, delivery.status_code), (DeliveryState::Pending, Some(451)));
    assert!(delivery.error.unwrap().contains("Try again later"));
    server.behave(Manners::default());
    stage.clock.advance(Duration::from_secs(10));
    assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    assert_eq!(server.mails().len(), 1);

    let stranger = "550 5.1.1 <ada@example.com>: nobody of that name";
    server.behave(Manners { rcpt: Some(stranger), ..Manners::default() });
    let id = stage.test(&channel).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!((delivery.state, delivery.status_code), (DeliveryState::Failed, Some(550)));
    let error = delivery.error.unwrap();
    assert!(
        error.starts_with("the mail server rejected the message: ") && error.contains("nobody"),
        "{error}"
    );
}

#[tokio::test]
async fn whom_the_server_does_not_take_keeps_the_mail_from_nobody_else() {
    let stage = Stage::new().await;
    let gone = "550 5.1.1 nobody of that name";
    for (refusal, status) in [(gone, 550), ("452 4.2.2 The mailbox is full", 452)] {
        let manners =
            Manners { rcpt: Some(refusal), stranger: Some("bob@example.com"), ..Manners::default() };
        let server = MailServer::start(manners).await;
        let channel =
            email(&stage, &["ada@example.com", "a..b@example.com", "bob@example.com", " cy@example.com"])
                .await;
        let delivering = stage.deliverer_with(at(&server), PATIENCE).await;
        let id = stage.test(&channel).await;
        let delivery = stage.finished(&channel, id).await;
        assert_eq!((delivery.state, delivery.status_code), (DeliveryState::Delivered, Some(250)));
        let error = delivery.error.unwrap();
        assert!(
            error.starts_with("not delivered to: a..b@example.com is not a valid e-mail address"),
            "{error}"
        );
        assert!(error.contains("bob@example.com: the mail server rejected the message"), "{error}");
        assert!(error.contains(&status.to_string()) && !error.contains("ada@"), "{error}");
        let mails = server.mails();
        let to: Vec<_> = mails.iter().map(|mail| mail.to.as_slice()).collect();
        assert_eq!(to, [["ada@example.com".to_owned()], ["cy@example.com".to_owned()]]);
        assert!(mails.iter().all(|mail| mail.header("Message-ID").unwrap().contains(&id.to_string())));

        // Where it takes none of them, that is as if there were one.
        server.behave(Manners { rcpt: Some(refusal), ..Manners::default() });
        let id = stage.test(&channel).await;
        let delivery = stage.tried(&channel, id, 1).await;
        let expected = if status == 550 { DeliveryState::Failed } else { DeliveryState::Pending };
        assert_eq!((delivery.state, delivery.status_code), (expected, Some(status)));
        delivering.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_is_silent_or_gone_is_tried_again() {
    let stage = Stage::new().await;
    let server = MailServer::start(Manners { is_silent: true, ..Manners::default() }).await;
    let channel = email(&stage, &["ada@example.com"]).await;
    let delivering = stage.deliverer_with(at(&server), Duration::from_millis(200)).await;
    let id = stage.test(&channel).await;
    let delivery = stage.tried(&channel, id, 1).await;
    assert_eq!((delivery.state, delivery.status_code), (DeliveryState::Pending, None));
    let error = delivery.error.unwrap();
    assert!(error.contains("within 0."), "{error}");
    delivering.stop().await;

    let gone = at(&server);
    drop(server);
    let _delivering = stage.deliverer_with(gone, PATIENCE).await;
    let id = stage.test(&channel).await;
    let delivery = stage.tried(&channel, id, 1).await;
    assert_eq!(delivery.state, DeliveryState::Pending);
    let error = delivery.error.unwrap();
    assert!(error.starts_with("cannot connect to the mail server: ") && error.contains("refused"), "{error}");
}

#[tokio::test]
async fn a_server_that_wants_a_password_gets_it_and_over_a_plain_connection_only_where_that_is_said() {
    let stage = Stage::new().await;
    let login: &'static str = Box::leak(STANDARD.encode("\0ada\0p@ss").into_boxed_str());
    let server = MailServer::start(Manners { login: Some(login), ..Manners::default() }).await;
    let channel = email(&stage, &["ada@example.com"]).await;
    let url = |password: &str, rest: &str| {
        settings(&format!("smtp://ada:{password}@127.0.0.1:{}{rest}", server.port))
    };

    // It offers no encryption: nothing is said to it that is nobody else's business.
    let delivering = stage.deliverer_with(url("p%40ss", ""), PATIENCE).await;
    let id = stage.test(&channel).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!(delivery.state, DeliveryState::Failed);
    assert!(delivery.error.unwrap().contains("STARTTLS"));
    assert!(server.commands().iter().all(|command| !command.starts_with("AUTH")), "{:?}", server.commands());
    delivering.stop().await;

    let delivering = stage.deliverer_with(url("p%40ss", "?tls=none"), PATIENCE).await;
    let id = stage.test(&channel).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!(delivery.state, DeliveryState::Delivered, "{:?}", delivery.error);
    delivering.stop().await;

    let _delivering = stage.deliverer_with(url("wrong", "?tls=none"), PATIENCE).await;
    let id = stage.test(&channel).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!((delivery.state, delivery.status_code), (DeliveryState::Failed, Some(535)));
    let error = delivery.error.unwrap();
    assert!(!error.contains("wrong"), "{error}");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn names_in_a_subject_are_encoded_and_add_no_header() {
    let stage = Stage::new().await;
    let server = MailServer::start(Manners::default()).await;
    let channel = email(&stage, &["ada@example.com"]).await;
    let alert = Alert { title: "Zu langsam: Prüfer\r\nBcc: eve@example.com".to_owned(), ..stage.alert() };
    let id = stage.tell(&channel, AlertEvent::Firing, Some(&alert)).await;
    let _delivering = stage.deliverer_with(at(&server), PATIENCE).await;
    assert_eq!(stage.finished(&channel, id).await.state, DeliveryState::Delivered);
    let mail = &server.mails()[0];
    assert_eq!((mail.header("Bcc"), mail.to.len()), (None, 1));
    assert!(mail.text.is_ascii());
    assert!(mail.header("Subject").unwrap().contains("=?utf-8?"), "{:?}", mail.header("Subject"));
}

#[tokio::test]
async fn a_server_without_smtp_says_so_and_where_no_address_is_one_they_are_named() {
    let stage = Stage::new().await;
    let channel = email(&stage, &["ada@example.com"]).await;
    let delivering = stage.deliverer().await;
    let id = stage.test(&channel).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!(delivery.state, DeliveryState::Failed);
    assert!(delivery.error.unwrap().contains("SMTP_URL"));
    delivering.stop().await;

    let server = MailServer::start(Manners::default()).await;
    let channel = email(&stage, &["b b@example.com", "c"]).await;
    let _delivering = stage.deliverer_with(at(&server), PATIENCE).await;
    let id = stage.test(&channel).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!((delivery.state, server.mails().len()), (DeliveryState::Failed, 0));
    assert!(delivery.error.unwrap().starts_with("b b@example.com is not a valid e-mail address"));
}
