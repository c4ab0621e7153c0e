//! A mail server on a free port: the part of SMTP (RFC 5321) that receives mails, with configurable failures.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use test_support::tls::Stream;

/// The replies of the server. Steps without a configured reply are accepted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Replies {
    /// Whether the server sends no greeting.
    pub is_silent: bool,
    /// Required credentials, base64-encoded as in `AUTH PLAIN`.
    pub login: Option<&'static str>,
    /// Reply to a recipient.
    pub rcpt: Option<&'static str>,
    /// The only recipient that gets the `rcpt` reply. `None` applies it to all recipients.
    pub rejected_recipient: Option<&'static str>,
    /// Reply to the data of a mail.
    pub data: Option<&'static str>,
}

/// A received mail.
#[derive(Clone, Debug)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    /// Headers and body as sent, without dot-stuffing.
    pub text: String,
}

impl Mail {
    /// Returns the value of a header, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.text.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ");
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.map(str::to_owned)
    }
}

pub struct MailServer {
    pub port: u16,
    replies: Arc<Mutex<Replies>>,
    mails: Arc<Mutex<Vec<Mail>>>,
    commands: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl MailServer {
    pub async fn start(replies: Replies) -> Self {
        Self::start_with(replies, None).await
    }

    /// Starts a server with STARTTLS.
    pub async fn encrypted(replies: Replies, acceptor: TlsAcceptor) -> Self {
        Self::start_with(replies, Some(acceptor)).await
    }

    async fn start_with(replies: Replies, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let replies = Arc::new(Mutex::new(replies));
        let mails = Arc::<Mutex<Vec<Mail>>>::default();
        let commands = Arc::<Mutex<Vec<String>>>::default();
        let task = tokio::spawn({
            let (replies, mails, commands) = (replies.clone(), mails.clone(), commands.clone());
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let replies = *replies.lock().unwrap();
                    let (mails, commands) = (mails.clone(), commands.clone());
                    tokio::spawn(serve(Box::new(stream), replies, tls.clone(), mails, commands));
                }
            }
        });
        Self { port, replies, mails, commands, task }
    }

    /// Replaces the replies for new connections.
    pub fn set_replies(&self, replies: Replies) {
        *self.replies.lock().unwrap() = replies;
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    /// Returns all received commands, without the data of mails.
    pub fn commands(&self) -> Vec<String> {
        self.commands.lock().unwrap().clone()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: Stream,
    replies: Replies,
    mut tls: Option<TlsAcceptor>,
    mails: Arc<Mutex<Vec<Mail>>>,
    commands: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    if replies.is_silent {
        let _ = stream.read_line(&mut String::new()).await;
        return None;
    }
    send_line(&mut stream, "220 mail.example.com").await?;
    let mut mail = Mail { from: String::new(), to: Vec::new(), text: String::new() };
    let mut is_authenticated = replies.login.is_none();
    loop {
        let line = read_line(&mut stream).await?;
        commands.lock().unwrap().push(line.clone());
        let reply = match line.split([' ', ':']).next()? {
            "STARTTLS" => {
                send_line(&mut stream, "220 2.0.0 Go ahead").await?;
                let encrypted = tls.take()?.accept(stream.into_inner()).await.ok()?;
                stream = BufReader::new(Box::new(encrypted));
                continue;
            }
            "EHLO" if tls.is_some() => "250-mail.example.com\r\n250 STARTTLS",
            "EHLO" if replies.login.is_some() => "250-mail.example.com\r\n250-8BITMIME\r\n250 AUTH PLAIN",
            "EHLO" => "250-mail.example.com\r\n250 8BITMIME",
            "AUTH" if line.strip_prefix("AUTH PLAIN ") == replies.login => {
                is_authenticated = true;
                "235 2.7.0 Welcome"
            }
            "AUTH" => "535 5.7.8 Authentication failed",
            "MAIL" if !is_authenticated => "530 5.7.0 Authentication required",
            "MAIL" => {
                mail.from = address(&line);
                "250 2.1.0 Ok"
            }
            "RCPT" => {
                let to = address(&line);
                let is_rejected = replies.rejected_recipient.is_none_or(|rejected| rejected == to);
                mail.to.push(to);
                replies.rcpt.filter(|_| is_rejected).unwrap_or("250 2.1.5 Ok")
            }
            "DATA" => {
                send_line(&mut stream, "354 End with a dot").await?;
                loop {
                    let line = read_line(&mut stream).await?;
                    if line == "." {
                        break;
                    }
                    mail.text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.text.push_str("\r\n");
                }
                let reply = replies.data.unwrap_or("250 2.0.0 Queued");
                if reply.starts_with('2') {
                    mails.lock().unwrap().push(mail.clone());
                }
                reply
            }
            "QUIT" => "221 2.0.0 Bye",
            _ => "502 5.5.1 Not known",
        };
        send_line(&mut stream, reply).await?;
    }
}

fn address(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap().to_owned()
}

async fn send_line(stream: &mut BufReader<Stream>, reply: &str) -> Option<()> {
    stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()
}

async fn read_line(stream: &mut BufReader<Stream>) -> Option<String> {
    let mut line = String::new();
    (stream.read_line(&mut line).await.ok()? > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}
