//! Putting the server together: open the stores, start the writer, bind, run, stop.

use std::{io, net::TcpListener, time::Duration};

use actix_cors::Cors;
use actix_web::{
    App as ActixApp, HttpServer,
    dev::{Server, ServerHandle},
    http::{Method, header},
    middleware::from_fn,
    web::Data,
};
use tokio::task::JoinHandle;

use crate::{
    cache::{Cache, Invalidator, MemoryCache},
    clock::Clock,
    config::Config,
    gateway::{
        asset::Assets,
        credential::Credentials,
        header::security,
        jwt::JwtKeys,
        password::{COST, Passwords},
        secret::{self, SecretError},
    },
    limit::{LoginLimit, RateLimit},
    processing::sink::Sink,
    queue::{MemoryQueue, QUEUE_BYTES, Queue},
    routes,
    store::{
        account::{AccountError, AccountStore},
        trace::{StoreError, TraceStore},
    },
    telemetry::{metrics::Metrics, request::observe},
};

/// How often the last uses of API keys are written down.
const SAVE_USES: Duration = Duration::from_secs(30);
/// How long requests that are under way may take once the server is told to stop.
const SHUTDOWN_SECONDS: u64 = 30;

/// What handlers work with. Shared by all of them.
#[derive(Debug)]
pub struct App {
    /// What time it is.
    pub clock: Clock,
    /// Users, workspaces and keys.
    pub accounts: AccountStore,
    /// Traces and all that is counted from them.
    pub traces: TraceStore,
    /// Where traces are handed in to be written.
    pub queue: Queue,
    /// Answers kept ready.
    pub cache: Cache,
    /// What signs tokens.
    pub jwt: JwtKeys,
    /// Who credentials belong to.
    pub credentials: Credentials,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Counts failed logins.
    pub login_limit: LoginLimit,
    /// Counts requests.
    pub rate_limit: RateLimit,
    /// Counts everything.
    pub metrics: Metrics,
    /// The SPA.
    pub assets: Assets,
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file or the port cannot be had.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// What came of it.
        #[source]
        source: io::Error,
    },
    /// The accounts cannot be opened.
    #[error("the accounts cannot be opened")]
    Accounts(#[from] AccountError),
    /// The traces cannot be opened.
    #[error("the traces cannot be opened")]
    Traces(#[from] StoreError),
    /// The secret that signs tokens cannot be had.
    #[error("the JWT secret cannot be had")]
    Secret(#[from] SecretError),
    /// Metrics are named twice.
    #[error("the metrics cannot be set up")]
    Metrics(#[from] prometheus::Error),
}

/// A server that is bound and ready to run.
pub struct Application {
    app: Data<App>,
    server: Server,
    port: u16,
    writing: JoinHandle<()>,
    beside: Vec<JoinHandle<()>>,
}

impl Application {
    /// Opens everything and binds.
    ///
    /// # Errors
    /// Where something cannot be opened or the port is taken.
    pub async fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        let io_error = |what: String| move |source| StartError::Io { what, source };
        let folder = &config.data_dir;
        std::fs::create_dir_all(folder).map_err(io_error(format!("{} cannot be made", folder.display())))?;
        let secret = match config.jwt_secret {
            Some(secret) => secret,
            None => secret::load_or_create(&folder.join("jwt_secret"))?,
        };
        let accounts = AccountStore::open(&folder.join("accounts.db")).await?;
        let traces = TraceStore::open_sqlite(&folder.join("traces.db")).await?;
        let assets = match &config.web_dir {
            Some(folder) => Assets::from_folder(folder)
                .map_err(io_error(format!("{} cannot be read", folder.display())))?,
            None => Assets::embedded(),
        };

        let metrics = Metrics::new()?;
        let cache = Cache::Memory(MemoryCache::new(config.cache_ttls));
        let invalidator = Invalidator::new(cache.clone(), clock.clone());
        let sink = Sink::new(traces.clone(), invalidator, metrics.clone());
        let (queue, writing) = MemoryQueue::start(sink, QUEUE_BYTES);
        let jwt = JwtKeys::new(secret.expose().as_bytes(), config.jwt_ttl);
        let app = Data::new(App {
            credentials: Credentials::new(jwt.clone(), accounts.clone(), clock.clone()),
            passwords: Passwords::new(COST),
            login_limit: LoginLimit::memory(&clock),
            rate_limit: RateLimit::memory(config.rate_limit_per_minute, clock.clone()),
            clock,
            accounts,
            traces,
            queue: Queue::Memory(queue),
            cache,
            jwt,
            metrics,
            assets,
        });

        let address = (config.host, config.port);
        let listener = TcpListener::bind(address).map_err(io_error(format!(
            "cannot listen on SERVICE_HOST={} SERVICE_PORT={}",
            config.host, config.port
        )))?;
        let port = listener.local_addr().map_err(io_error("the port cannot be read".to_owned()))?.port();
        let server = serve(listener, app.clone(), config.cors_allowed_origins)
            .map_err(io_error("cannot listen".to_owned()))?;
        let mut application = Self { server, port, writing, beside: Vec::new(), app: app.clone() };
        application.run_beside(save_uses(app));
        Ok(application)
    }

    /// Runs a task beside the server, until that is told to stop.
    pub fn run_beside(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.beside.push(tokio::spawn(task));
    }

    /// The port that is listened on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What stops the server from elsewhere, as SIGTERM does.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// What the handlers work with, for what runs beside them.
    #[must_use]
    pub fn app(&self) -> Data<App> {
        self.app.clone()
    }

    /// Serves until told to stop (SIGTERM, SIGINT): then takes no more requests, answers those that are under way,
    /// writes what was handed in, and closes the stores.
    ///
    /// # Errors
    /// Where the server breaks.
    pub async fn run_until_stopped(self) -> io::Result<()> {
        let Self { app, server, writing, beside, .. } = self;
        let result = server.await;
        for task in beside {
            task.abort();
            // Ended means that it holds the app no more.
            let _ = task.await;
        }
        if let Err(error) = app.credentials.save_uses().await {
            tracing::warn!(%error, "the last uses of API keys were not written down");
        }
        let (accounts, traces) = (app.accounts.clone(), app.traces.clone());
        // The writer ends when nobody can hand in any more; whoever still holds the app has had their time.
        drop(app);
        if tokio::time::timeout(Duration::from_secs(SHUTDOWN_SECONDS), writing).await.is_err() {
            tracing::warn!("something still holds the writer, closing the stores all the same");
        }
        traces.close().await;
        accounts.close().await;
        result
    }
}

fn serve(listener: TcpListener, app: Data<App>, origins: Vec<String>) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(app.clone())
            .configure(routes::configure)
            .wrap(cors(&origins))
            .wrap(security())
            .wrap(from_fn(observe))
    })
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .listen(listener)?;
    Ok(server.run())
}

/// Lets pages of the configured origins call the API; without any, only pages of this server.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods([Method::GET, Method::POST, Method::DELETE])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::CACHE_CONTROL])
        .allowed_header("x-api-key")
        .expose_headers([
            "x-cache",
            "x-request-id",
            "retry-after",
            "ratelimit-limit",
            "ratelimit-remaining",
            "ratelimit-reset",
        ])
        .block_on_origin_mismatch(false)
        .max_age(3600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

async fn save_uses(app: Data<App>) {
    let mut ticks = tokio::time::interval(SAVE_USES);
    loop {
        ticks.tick().await;
        if let Err(error) = app.credentials.save_uses().await {
            tracing::warn!(%error, "the last uses of API keys were not written down");
        }
    }
}
