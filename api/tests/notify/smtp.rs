//! A mail server on a port of its own: as much of SMTP (RFC 5321) as takes mails, and as much trouble as it is told to make.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use test_support::tls::Stream;

/// How it answers. Where nothing is said of a step, it is taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manners {
    /// Whether it says nothing at all.
    pub is_silent: bool,
    /// The user and the password without which it takes nothing, as `AUTH PLAIN` says them in base64.
    pub login: Option<&'static str>,
    /// What it answers to a recipient.
    pub rcpt: Option<&'static str>,
    /// The only recipient whom that is for, where it is not for all.
    pub stranger: Option<&'static str>,
    /// What it answers to a mail.
    pub data: Option<&'static str>,
}

/// A mail that came.
#[derive(Clone, Debug)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    /// Headers and body, as they were sent, without the dots.
    pub text: String,
}

impl Mail {
    /// A header of it, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.text.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ");
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.map(str::to_owned)
    }
}

pub struct MailServer {
    pub port: u16,
    manners: Arc<Mutex<Manners>>,
    mails: Arc<Mutex<Vec<Mail>>>,
    commands: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl MailServer {
    pub async fn start(manners: Manners) -> Self {
        Self::start_with(manners, None).await
    }

    /// The same, with STARTTLS.
    pub async fn encrypted(manners: Manners, acceptor: TlsAcceptor) -> Self {
        Self::start_with(manners, Some(acceptor)).await
    }

    async fn start_with(manners: Manners, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let manners = Arc::new(Mutex::new(manners));
        let mails = Arc::<Mutex<Vec<Mail>>>::default();
        let commands = Arc::<Mutex<Vec<String>>>::default();
        let task = tokio::spawn({
            let (manners, mails, commands) = (manners.clone(), mails.clone(), commands.clone());
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let manners = *manners.lock().unwrap();
                    let (mails, commands) = (mails.clone(), commands.clone());
                    tokio::spawn(serve(Box::new(stream), manners, tls.clone(), mails, commands));
                }
            }
        });
        Self { port, manners, mails, commands, task }
    }

    /// How it answers from now on.
    pub fn behave(&self, manners: Manners) {
        *self.manners.lock().unwrap() = manners;
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    /// Everything that it was told, but for the mails.
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
    manners: Manners,
    mut tls: Option<TlsAcceptor>,
    mails: Arc<Mutex<Vec<Mail>>>,
    commands: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    if manners.is_silent {
        let _ = stream.read_line(&mut String::new()).await;
        return None;
    }
    say(&mut stream, "220 mail.example.com").await?;
    let mut mail = Mail { from: String::new(), to: Vec::new(), text: String::new() };
    let mut is_known = manners.login.is_none();
    loop {
        let line = hear(&mut stream).await?;
        commands.lock().unwrap().push(line.clone());
        let answer = match line.split([' ', ':']).next()? {
            "STARTTLS" => {
                say(&mut stream, "220 2.0.0 Go ahead").await?;
                let encrypted = tls.take()?.accept(stream.into_inner()).await.ok()?;
                stream = BufReader::new(Box::new(encrypted));
                continue;
            }
            "EHLO" if tls.is_some() => "250-mail.example.com\r\n250 STARTTLS",
            "EHLO" if manners.login.is_some() => "250-mail.example.com\r\n250-8BITMIME\r\n250 AUTH PLAIN",
            "EHLO" => "250-mail.example.com\r\n250 8BITMIME",
            "AUTH" if line.strip_prefix("AUTH PLAIN ") == manners.login => {
                is_known = true;
                "235 2.7.0 Welcome"
            }
            "AUTH" => "535 5.7.8 Authentication failed",
            "MAIL" if !is_known => "530 5.7.0 Authentication required",
            "MAIL" => {
                mail.from = address(&line);
                "250 2.1.0 Ok"
            }
            "RCPT" => {
                let to = address(&line);
                let is_meant = manners.stranger.is_none_or(|stranger| stranger == to);
                mail.to.push(to);
                manners.rcpt.filter(|_| is_meant).unwrap_or("250 2.1.5 Ok")
            }
            "DATA" => {
                say(&mut stream, "354 End with a dot").await?;
                loop {
                    let line = hear(&mut stream).await?;
                    if line == "." {
                        break;
                    }
                    mail.text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.text.push_str("\r\n");
                }
                let answer = manners.data.unwrap_or("250 2.0.0 Queued");
                if answer.starts_with('2') {
                    mails.lock().unwrap().push(mail.clone());
                }
                answer
            }
            "QUIT" => "221 2.0.0 Bye",
            _ => "502 5.5.1 Not known",
        };
        say(&mut stream, answer).await?;
    }
}

fn address(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap().to_owned()
}

async fn say(stream: &mut BufReader<Stream>, answer: &str) -> Option<()> {
    stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()
}

async fn hear(stream: &mut BufReader<Stream>) -> Option<String> {
    let mut line = String::new();
    (stream.read_line(&mut line).await.ok()? > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}
