//! A server in this process (whether it is one or several, `deployment` says): its own folder, port and clock, gone when
//! the test is over.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{LazyLock, mpsc},
    time::Duration,
};

use actix_web::dev::ServerHandle;
use api::{auth::jwt::JwtKeys, clock::Clock, startup::Application};
use domain::alert::record::AlertRecord;
use futures_util::future::join_all;
use serde_json::json;
use shared::{
    Timestamp,
    alert::{Alert, AlertState, Severity},
    auth::User,
};
use store::{
    account::{AccountStore, NewAccount, PasswordHash},
    alert::AlertStore,
    trace::TraceStore,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::{client::Client, deployment::Deployment};

/// The password of everybody whom [`Server::member`] makes.
pub const PASSWORD: &str = "correct horse battery";

/// Servers outlive the runtime of the test that asked for them: they stop in an orderly way.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
/// Cheap, so that tests that are not about passwords do not wait for bcrypt.
static HASH: LazyLock<PasswordHash> = LazyLock::new(|| PasswordHash::new(bcrypt::hash(PASSWORD, 4).unwrap()));

/// The moment at which manual clocks start: in the middle of a minute, an hour and a day.
pub fn noon() -> Timestamp {
    "2026-03-11T12:34:56.789Z".parse().unwrap()
}

/// An alert that lasts, of no rule.
pub fn alert(workspace_id: Uuid, title: &str, severity: Severity, created_at: Timestamp) -> Alert {
    Alert {
        id: Uuid::new_v4(),
        workspace_id,
        title: title.to_owned(),
        description: "The error rate was 12 %.".to_owned(),
        severity,
        metric_value: Some(12.5),
        created_at,
        state: AlertState::Firing,
        rule_id: None,
        metric: None,
        is_change: false,
        threshold: None,
        worst_value: None,
        agent_id: None,
        model: None,
        changes: Vec::new(),
        traces: None,
        acknowledged_at: None,
        acknowledged_by: None,
        resolved_at: None,
        resolution: None,
    }
}

pub struct Builder {
    settings: HashMap<&'static str, String>,
    clock: Clock,
    folder: Option<PathBuf>,
}

pub struct Server {
    pub url: String,
    /// Where OTLP is taken over gRPC.
    pub grpc: String,
    pub clock: Clock,
    accounts: AccountStore,
    traces: TraceStore,
    jwt: JwtKeys,
    urls: Vec<String>,
    redis: Option<String>,
    handles: Vec<ServerHandle>,
    stopped: mpsc::Receiver<()>,
}

/// Somebody with an account, and a client with their token.
#[derive(Clone, Debug)]
pub struct Member {
    pub user: User,
    pub client: Client,
}

impl std::ops::Deref for Member {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A server whose clock stands at [`noon`] until it is moved.
pub async fn spawn() -> Server {
    builder().spawn().await
}

/// A server with the machine's own clock.
pub async fn spawn_live() -> Server {
    builder().live().spawn().await
}

pub fn builder() -> Builder {
    Builder { settings: HashMap::new(), clock: Clock::manual(noon()), folder: None }
        .with("RATE_LIMIT_PER_MINUTE", "0")
}

impl Builder {
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.insert(name, value.to_owned());
        self
    }

    pub fn live(mut self) -> Self {
        self.clock = Clock::system();
        self
    }

    /// With a folder of the test's own, to start a second server in it.
    pub fn in_folder(mut self, folder: &TempDir) -> Self {
        self.folder = Some(folder.path().to_owned());
        self
    }

    pub async fn spawn(self) -> Server {
        let (ready, started) = tokio::sync::oneshot::channel();
        let (done, stopped) = mpsc::channel();
        RUNTIME.spawn(async move {
            let own = tempfile::tempdir().unwrap();
            let folder = self.folder.unwrap_or_else(|| own.path().to_owned());
            let mut deployment = Deployment::build(&self.settings, &folder, &self.clock).await;
            let applications = std::mem::take(&mut deployment.applications);
            let gateway = applications.iter().find_map(|one| one.parts().gateway.clone()).unwrap();
            let query = applications.iter().find_map(|one| one.parts().query.clone()).unwrap();
            let url = |application: &Application| format!("http://127.0.0.1:{}", application.port());
            let server = Server {
                url: url(&applications[0]),
                grpc: format!("http://127.0.0.1:{}", applications[0].grpc_port().unwrap_or_default()),
                urls: applications.iter().map(url).collect(),
                clock: self.clock,
                accounts: gateway.accounts.clone(),
                traces: query.traces.clone(),
                jwt: gateway.jwt.clone(),
                redis: deployment.redis.clone(),
                handles: applications.iter().map(Application::handle).collect(),
                stopped,
            };
            // The server waits for everybody who holds what it works with.
            drop((gateway, query));
            ready.send(server).unwrap_or_else(|_| panic!("the test gave up"));
            let running = applications.into_iter().map(Application::run_until_stopped);
            join_all(running).await.into_iter().for_each(Result::unwrap);
            drop(deployment);
            drop(own);
            let _ = done.send(());
        });
        started.await.unwrap()
    }
}

impl Server {
    /// Somebody without an account.
    pub fn anyone(&self) -> Client {
        Client::new(&self.url).behind_queue_in(self.redis.as_deref())
    }

    /// What its processes say of themselves, one after the other.
    pub async fn metrics(&self) -> String {
        let asked = self.urls.iter().map(async |url| Client::new(url).get("/metrics").await.expect(200).text);
        join_all(asked).await.concat()
    }

    /// Somebody with an account of [`PASSWORD`], without the wait for bcrypt.
    pub async fn member(&self, name: &str) -> Member {
        let account = NewAccount {
            email: format!("{name}@example.com"),
            password_hash: HASH.clone(),
            full_name: name.to_owned(),
            workspace_name: format!("{name}'s"),
            created_at: self.clock.now(),
        };
        let accounts = self.accounts.clone();
        let user = beside(async move { accounts.create_account(&account).await.unwrap() }).await;
        let (token, _) = self.jwt.issue(&user, self.clock.now()).unwrap();
        Member { user, client: self.anyone().with_token(&token) }
    }

    /// A new API key of the member's workspace: its id, and a client that holds it.
    pub async fn key_of(&self, member: &Member) -> (String, Client) {
        let made = member.post("/api/v1/api-keys", &json!({"name": "agents"})).await.expect(201).json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        (text("id"), self.anyone().with_token(&text("key")))
    }

    /// Runs `work` on the store of alerts, for what has no endpoint.
    pub async fn in_alert_store<F>(&self, work: impl FnOnce(AlertStore) -> F) -> F::Output
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        beside(work(AlertStore::new(self.traces.database()))).await
    }

    /// Keeps alerts: nothing over HTTP makes any.
    pub async fn keep_alerts(&self, alerts: &[Alert]) {
        let record = |alert: &Alert| AlertRecord { alert: alert.clone(), group_key: String::new() };
        let alerts: Vec<_> = alerts.iter().map(record).collect();
        self.in_alert_store(|store| async move { store.insert_alerts(&alerts).await.unwrap() }).await;
    }

    /// Takes the store of traces away, as a disk that is gone does.
    pub async fn close_traces(&self) {
        let traces = self.traces.clone();
        beside(async move { traces.close().await }).await;
    }

    /// Tells the process that clients talk to to stop, without waiting for it.
    pub fn begin_to_stop(&self) {
        drop(self.handles[0].stop(true));
    }

    /// Whether all of it has stopped.
    pub fn has_stopped(&self) -> bool {
        self.stopped.try_recv().is_ok()
    }

    /// Stops the server and waits until its files are closed.
    pub fn stop(self) {}
}

impl Drop for Server {
    fn drop(&mut self) {
        for handle in &self.handles {
            drop(handle.stop(false));
        }
        let stopped = self.stopped.recv_timeout(Duration::from_secs(20));
        if !std::thread::panicking() {
            stopped.expect("the server stops when it is told to");
        }
    }
}

/// Runs on the servers' runtime. A store gives its connections back in the background, wherever it was asked: on a
/// test's own runtime that would end with the test, and the server would wait for them.
async fn beside<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    RUNTIME.spawn(work).await.unwrap()
}

/// Waits for a condition; fails where it does not come about.
#[track_caller]
pub fn eventually<F: Future<Output = bool>>(
    what: &str,
    condition: impl FnMut() -> F,
) -> impl Future<Output = ()> {
    eventually_within(Duration::from_secs(15), what, condition)
}

/// The same for what may take longer.
#[track_caller]
pub fn eventually_within<F: Future<Output = bool>>(
    patience: Duration,
    what: &str,
    mut condition: impl FnMut() -> F,
) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let deadline = tokio::time::Instant::now() + patience;
        while !condition().await {
            assert!(tokio::time::Instant::now() < deadline, "{caller}: {what} did not come about");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
