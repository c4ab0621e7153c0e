//! The server as a process: delivery over TLS, the private-network setting, graceful shutdown.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use shared::alert_channel::{AlertChannelRequest, AlertEvent, ChannelTarget, DeliveryState};
use tokio::{net::TcpStream, sync::Semaphore};

use crate::{
    smtp::{MailServer, Replies},
    stage::Stage,
};
use test_support::{
    child::Process,
    database::{Database, open_sqlite},
    receiver::{Receiver, Reply},
    tls::Authority,
    wait::eventually,
};

/// Starts a server on a store and returns it with a stage on the same store.
async fn serve(settings: &[(&str, &str)]) -> (Process, Stage) {
    let database = open_sqlite().await;
    let Database::Sqlite(directory) = &database else { panic!("expected a SQLite database") };
    let process = Process::start(directory.path(), settings);
    (process, Stage::with_system_clock(database).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_delivers_over_tls_only_to_trusted_receivers() {
    let (authority, untrusted) = (Authority::new("trusted"), Authority::new("untrusted"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    let login: &'static str = Box::leak(STANDARD.encode("\0ada\0secret").into_boxed_str());
    let replies = Replies { login: Some(login), ..Replies::default() };
    let mail_server = MailServer::encrypted(replies, authority.server("localhost")).await;
    let (process, stage) = serve(&[
        ("SSL_CERT_FILE", file.to_str().unwrap()),
        ("WEBHOOK_ALLOW_PRIVATE", "true"),
        ("SMTP_URL", &format!("smtp://ada:secret@localhost:{}", mail_server.port)),
        ("SMTP_FROM", "alerts@example.com"),
    ])
    .await;

    let receiver = Receiver::encrypted(authority.server("localhost")).await;
    let channel = stage.webhook(format!("https://localhost:{}/", receiver.port)).await;
    let id = stage.notify(&channel, AlertEvent::Firing, Some(&stage.alert())).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!(delivery.state, DeliveryState::Delivered, "{:?}", delivery.error);
    assert_eq!(receiver.count(), 1);

    let channel = stage
        .create_channel(AlertChannelRequest::new(
            "ops",
            ChannelTarget::Email { to: vec!["ada@example.com".to_owned()] },
        ))
        .await;
    let id = stage.send_test(&channel).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!(delivery.state, DeliveryState::Delivered, "{:?}", delivery.error);
    assert_eq!(mail_server.mails().len(), 1);
    let commands = mail_server.commands();
    let first = |word: &str| commands.iter().position(|command| command.starts_with(word)).unwrap();
    assert!(first("STARTTLS") < first("AUTH"), "{commands:?}");

    for (acceptor, host, why) in [
        (untrusted.server("localhost"), "localhost", "UnknownIssuer"),
        (authority.server("elsewhere.example"), "localhost", "not valid for name"),
    ] {
        let receiver = Receiver::encrypted(acceptor).await;
        let channel = stage.webhook(format!("https://{host}:{}/", receiver.port)).await;
        let id = stage.send_test(&channel).await;
        let delivery = stage.after_attempts(&channel, id, 1).await;
        let error = delivery.error.unwrap();
        assert!(error.contains("certificate") && error.contains(why), "{error}");
        assert_eq!((delivery.state, receiver.count()), (DeliveryState::Pending, 0));
    }
    let (status, log) = process.terminate();
    assert!(status.success(), "{log}");
    assert!(!log.contains("secret"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopping_server_finishes_deliveries_in_flight() {
    let permits = Arc::new(Semaphore::new(0));
    let receiver = Receiver::start([Reply::OnPermit(permits.clone())]).await;
    let (process, stage) = serve(&[("WEBHOOK_ALLOW_PRIVATE", "true")]).await;
    let channel = stage.webhook(receiver.url()).await;
    let id = stage.send_test(&channel).await;
    eventually("the message", || async { receiver.count() == 1 }).await;
    let address = process.url.strip_prefix("http://").unwrap().to_owned();
    let ending = tokio::task::spawn_blocking(move || process.terminate());
    eventually("the end of listening", || async { TcpStream::connect(&address).await.is_err() }).await;
    permits.add_permits(1);
    let (status, log) = ending.await.unwrap();
    assert!(status.success(), "{log}");
    let delivery = stage.delivery(&channel, id).await;
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Delivered, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_rejects_private_networks_by_default() {
    let receiver = Receiver::start([]).await;
    let (_process, stage) = serve(&[]).await;
    let channel = stage.webhook(receiver.url()).await;
    let id = stage.send_test(&channel).await;
    let delivery = stage.finished(&channel, id).await;
    assert_eq!((delivery.state, receiver.count()), (DeliveryState::Failed, 0));
    assert!(delivery.error.unwrap().contains("WEBHOOK_ALLOW_PRIVATE"));
}
