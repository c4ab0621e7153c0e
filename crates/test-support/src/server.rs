//! A server in the test process, with its own directory, port and clock. Stops with the test. `deployment` decides
//! whether it is one application or several.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{LazyLock, mpsc},
    time::Duration,
};

use actix_web::dev::ServerHandle;
use api::{
    auth::jwt::{JwtKeys, Session},
    clock::Clock,
    startup::Application,
};
use domain::alert::record::AlertRecord;
use futures_util::future::join_all;
use serde_json::json;
use sha2::{Digest, Sha256};
use shared::{
    Timestamp,
    access::Role,
    alert::{Alert, AlertState, Severity},
    auth::User,
};
use store::{
    account::{AccountStore, Admission, NewAccount, NewInvitation, PasswordHash},
    alert::AlertStore,
    trace::TraceStore,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

pub use crate::wait::eventually_within;
use crate::{client::Client, deployment::Deployment};

/// The password of all accounts created by [`Server::member`].
pub const PASSWORD: &str = "correct horse battery";

/// Separate from the runtimes of tests, so that servers can shut down gracefully after a test has ended.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
/// A hash with a low cost, so that tests do not wait for bcrypt.
static HASH: LazyLock<PasswordHash> = LazyLock::new(|| PasswordHash::new(bcrypt::hash(PASSWORD, 4).unwrap()));

/// Returns the start time of manual clocks: in the middle of a minute, an hour and a day.
pub fn noon() -> Timestamp {
    "2026-03-11T12:34:56.789Z".parse().unwrap()
}

/// Returns an open alert without a rule.
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
    directory: Option<PathBuf>,
}

pub struct Server {
    pub url: String,
    /// The URL of OTLP over gRPC.
    pub grpc: String,
    /// The URL of the port for metrics.
    pub metrics_url: Option<String>,
    pub clock: Clock,
    accounts: AccountStore,
    traces: TraceStore,
    jwt: JwtKeys,
    urls: Vec<String>,
    redis: Option<String>,
    handles: Vec<ServerHandle>,
    stopped: mpsc::Receiver<()>,
}

/// An account and a client with its token.
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

/// Starts a server with a manual clock at [`noon`].
pub async fn spawn() -> Server {
    builder().spawn().await
}

/// Starts a server with the system clock.
pub async fn spawn_with_system_clock() -> Server {
    builder().with_system_clock().spawn().await
}

pub fn builder() -> Builder {
    Builder { settings: HashMap::new(), clock: Clock::manual(noon()), directory: None }
        .with("RATE_LIMIT_PER_MINUTE", "0")
}

impl Builder {
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.insert(name, value.to_owned());
        self
    }

    pub fn with_system_clock(mut self) -> Self {
        self.clock = Clock::system();
        self
    }

    /// Sets the data directory, so that the test can start a second server in it.
    pub fn in_directory(mut self, directory: &TempDir) -> Self {
        self.directory = Some(directory.path().to_owned());
        self
    }

    pub async fn spawn(self) -> Server {
        let (ready, started) = tokio::sync::oneshot::channel();
        let (done, stopped) = mpsc::channel();
        RUNTIME.spawn(async move {
            let own = tempfile::tempdir().unwrap();
            let directory = self.directory.unwrap_or_else(|| own.path().to_owned());
            let mut deployment = Deployment::build(&self.settings, &directory, &self.clock).await;
            let applications = std::mem::take(&mut deployment.applications);
            let gateway = applications.iter().find_map(|one| one.state().gateway.clone()).unwrap();
            let query = applications.iter().find_map(|one| one.state().query.clone()).unwrap();
            let url = |application: &Application| format!("http://127.0.0.1:{}", application.port());
            let server = Server {
                url: url(&applications[0]),
                grpc: format!("http://127.0.0.1:{}", applications[0].grpc_port().unwrap_or_default()),
                metrics_url: applications[0].metrics_port().map(|port| format!("http://127.0.0.1:{port}")),
                urls: applications.iter().map(url).collect(),
                clock: self.clock,
                accounts: gateway.accounts.clone(),
                traces: query.traces.clone(),
                jwt: gateway.jwt.clone(),
                redis: deployment.redis.clone(),
                handles: applications.iter().map(Application::handle).collect(),
                stopped,
            };
            // The server stops only when all handles to its state are dropped.
            drop((gateway, query));
            ready.send(server).unwrap_or_else(|_| panic!("the test stopped waiting for the server"));
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
    /// Returns a client without credentials.
    pub fn anonymous_client(&self) -> Client {
        Client::new(&self.url).with_queue(self.redis.as_deref())
    }

    /// Returns the concatenated metrics of all applications.
    pub async fn metrics(&self) -> String {
        let requests =
            self.urls.iter().map(async |url| Client::new(url).get("/metrics").await.expect(200).text);
        join_all(requests).await.concat()
    }

    /// Creates an account with [`PASSWORD`], bypassing bcrypt.
    pub async fn member(&self, name: &str) -> Member {
        let account = NewAccount {
            email: format!("{name}@example.com"),
            password_hash: HASH.clone(),
            full_name: name.to_owned(),
            workspace_name: format!("{name}'s"),
            admission: Admission::Open,
            created_at: self.clock.now(),
        };
        let accounts = self.accounts.clone();
        let id = on_server_runtime(async move { accounts.create_account(&account).await.unwrap() }).await;
        self.log_in(id).await
    }

    /// Creates an account that is a member of the workspace of `owner` with a role.
    pub async fn member_of(&self, owner: &Member, name: &str, role: Role) -> Member {
        let account = NewAccount {
            email: format!("{name}@example.com"),
            password_hash: HASH.clone(),
            full_name: name.to_owned(),
            workspace_name: String::new(),
            admission: Admission::Invited { token_hash: Sha256::digest(name).into(), by_operator: false },
            created_at: self.clock.now(),
        };
        let invitation = NewInvitation {
            workspace_id: owner.user.workspace_id,
            role,
            email: None,
            token_hash: Sha256::digest(name).into(),
            created_by: Some(owner.user.id),
            created_at: self.clock.now(),
        };
        let accounts = self.accounts.clone();
        let id = on_server_runtime(async move {
            accounts.create_invitation(&invitation).await.unwrap();
            accounts.create_account(&account).await.unwrap()
        })
        .await;
        self.log_in(id).await
    }

    /// Creates a token that resets the password of a member, since no endpoint returns one.
    pub async fn password_reset_of(&self, member: &Member) -> String {
        let token = "a-token-that-resets-a-password";
        let (accounts, id, now) = (self.accounts.clone(), member.user.id, self.clock.now());
        let hash = Sha256::digest(token).into();
        on_server_runtime(async move { accounts.create_password_reset(id, &hash, now).await.unwrap() }).await;
        token.to_owned()
    }

    async fn log_in(&self, id: Uuid) -> Member {
        let (accounts, now) = (self.accounts.clone(), self.clock.now());
        let (user, session_id) = on_server_runtime(async move {
            let user = accounts.get_user(id, None).await.unwrap().unwrap();
            let session_id =
                accounts.create_login_session(id, &store::account::Client::default(), now).await.unwrap();
            (user, session_id)
        })
        .await;
        let session = Session { id: session_id, started_at: now };
        let (token, _) = self.jwt.issue(&user, session, now).unwrap();
        Member { user, client: self.anonymous_client().with_token(&token) }
    }

    /// Creates an API key in the workspace of a member. Returns its id and a client that uses it.
    pub async fn key_of(&self, member: &Member) -> (String, Client) {
        let created = member.post("/api/v1/api-keys", &json!({"name": "agents"})).await.expect(201).json();
        let text = |name: &str| created[name].as_str().unwrap().to_owned();
        (text("id"), self.anonymous_client().with_token(&text("key")))
    }

    /// Runs `work` on the alert store, for operations without an endpoint.
    pub async fn with_alert_store<F>(&self, work: impl FnOnce(AlertStore) -> F) -> F::Output
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        on_server_runtime(work(AlertStore::new(self.traces.database()))).await
    }

    /// Inserts alerts, since no endpoint creates any.
    pub async fn insert_alerts(&self, alerts: &[Alert]) {
        let record = |alert: &Alert| AlertRecord { alert: alert.clone(), group_key: String::new() };
        let alerts: Vec<_> = alerts.iter().map(record).collect();
        self.with_alert_store(|store| async move { store.insert_alerts(&alerts).await.unwrap() }).await;
    }

    /// Closes the trace store to simulate a failure of the database.
    pub async fn close_traces(&self) {
        let traces = self.traces.clone();
        on_server_runtime(async move { traces.close().await }).await;
    }

    /// Begins a graceful stop of the application that clients connect to, without waiting.
    pub fn request_stop(&self) {
        drop(self.handles[0].stop(true));
    }

    /// Returns whether all applications have stopped.
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
            stopped.expect("the server stops within 20 seconds");
        }
    }
}

/// Runs a future on the runtime of the servers. Stores return connections to the pool in the background. On the runtime of
/// a test this could be cancelled, and the server would wait for the connections.
async fn on_server_runtime<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    RUNTIME.spawn(work).await.unwrap()
}

/// Waits up to 15 seconds for a condition and panics if it is not met.
#[track_caller]
pub fn eventually<F: Future<Output = bool>>(
    what: &str,
    condition: impl FnMut() -> F,
) -> impl Future<Output = ()> {
    eventually_within(Duration::from_secs(15), what, condition)
}
