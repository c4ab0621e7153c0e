//! What a process is made of: for each role that runs in it what its handlers work with, and what stands below them.

use std::{fs, path::Path, sync::Arc, time::Duration};

use actix_web::web::Data;
use tokio::{sync::Mutex, task::JoinHandle};

use super::StartError;
use crate::{
    cache::{Cache, Invalidator, MemoryCache},
    cli::http,
    clock::Clock,
    config::Config,
    gateway::{
        self,
        address::TrustedProxies,
        asset::Assets,
        credential::Credentials,
        jwt::JwtKeys,
        password::{COST, Passwords},
        secret::{self, Secret},
    },
    ingestion,
    internal::{forward::Peers, proof::ProofKey, receive, upstream::Upstream},
    limit::{LoginLimit, RateLimit},
    processing::writer::{QUEUE_BYTES, Writer},
    query,
    role::Role,
    store::{account::AccountStore, trace::TraceStore},
    telemetry::{dependency::Dependency, metrics::Metrics},
};

/// The parts of a process. Clones share them.
#[derive(Clone)]
pub struct Parts {
    /// Accounts, credentials and limits, where the gateway runs here.
    pub gateway: Option<Data<gateway::State>>,
    /// The SPA, beside the gateway.
    pub assets: Option<Data<Assets>>,
    /// The other roles, where the gateway runs here and they do not.
    pub peers: Option<Peers>,
    /// What proofs are checked with, where the gateway runs elsewhere.
    pub receive: Option<Data<receive::State>>,
    /// Where traces are handed in, where ingestion runs here.
    pub ingestion: Option<Data<ingestion::State>>,
    /// What is read from, where query runs here.
    pub query: Option<Data<query::State>>,
    /// Counts everything.
    pub metrics: Data<Metrics>,
    /// What `/ready` asks.
    pub dependencies: Data<Vec<Dependency>>,
    accounts: Option<AccountStore>,
    traces: Option<TraceStore>,
    writing: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Parts {
    pub(super) async fn open(config: &Config, clock: Clock) -> Result<Self, StartError> {
        let runs = |role| config.role.is_none_or(|own| own == role);
        let metrics = Metrics::new()?;
        let mut parts = Self {
            gateway: None,
            assets: None,
            peers: None,
            receive: None,
            ingestion: None,
            query: None,
            metrics: Data::new(metrics.clone()),
            dependencies: Data::new(Vec::new()),
            accounts: None,
            traces: None,
            writing: Arc::default(),
        };
        let key = config.services.internal_secret.as_ref().map(ProofKey::new);
        if runs(Role::Gateway) {
            parts.accounts = Some(open_accounts(config).await?);
        }
        if runs(Role::Query) || runs(Role::Processing) {
            parts.traces = Some(open_traces(config).await?);
        }
        let cache = Cache::Memory(MemoryCache::new(config.cache_ttls.clone()));
        if let Some(accounts) = &parts.accounts {
            parts.gateway = Some(Data::new(gateway(config, &clock, accounts)?));
            parts.assets = Some(Data::new(assets(config)?));
        }
        if let (Some(Role::Gateway), Some(key)) = (config.role, &key) {
            parts.peers = Some(Peers {
                query: Upstream::new(&config.services.query),
                ingestion: Upstream::new(&config.services.ingestion),
                key: key.clone(),
                clock: clock.clone(),
            });
        }
        if let (Some(Role::Ingestion | Role::Query), Some(key)) = (config.role, key) {
            parts.receive = Some(Data::new(receive::State { key, clock: clock.clone() }));
        }
        if let Some(traces) = &parts.traces {
            let invalidator = Invalidator::new(cache.clone(), clock.clone());
            let (writer, writing) = Writer::start(traces.clone(), invalidator, metrics.clone(), QUEUE_BYTES);
            parts.writing = Arc::new(Mutex::new(Some(writing)));
            parts.ingestion =
                Some(Data::new(ingestion::State { clock: clock.clone(), writer, metrics: metrics.clone() }));
        }
        if let Some(traces) = parts.traces.clone().filter(|_| runs(Role::Query)) {
            parts.query = Some(Data::new(query::State { clock, traces, cache, metrics }));
        }
        parts.dependencies = Data::new(parts.dependencies()?);
        Ok(parts)
    }

    fn dependencies(&self) -> Result<Vec<Dependency>, StartError> {
        let mut dependencies = Vec::new();
        dependencies.extend(self.accounts.clone().map(Dependency::Accounts));
        dependencies.extend(self.traces.clone().map(Dependency::Traces));
        if let Some(peers) = &self.peers {
            let client = http::client("http:").no_proxy().build()?;
            for (name, upstream) in [("query", &peers.query), ("ingestion", &peers.ingestion)] {
                dependencies.push(Dependency::Service(name, upstream.clone(), client.clone()));
            }
        }
        Ok(dependencies)
    }

    /// Writes what was handed in, for so long at most, and closes the stores.
    pub(super) async fn close(self, patience: Duration) {
        let Self { writing, accounts, traces, ingestion, .. } = self;
        // The writer ends when nobody can hand in any more; whoever still can has had their time.
        drop(ingestion);
        if let Some(writing) = writing.lock().await.take()
            && tokio::time::timeout(patience, writing).await.is_err()
        {
            tracing::warn!("something still holds the writer, closing the stores all the same");
        }
        if let Some(traces) = traces {
            traces.close().await;
        }
        if let Some(accounts) = accounts {
            accounts.close().await;
        }
    }
}

fn gateway(config: &Config, clock: &Clock, accounts: &AccountStore) -> Result<gateway::State, StartError> {
    let jwt = JwtKeys::new(jwt_secret(config)?.expose().as_bytes(), config.jwt_ttl);
    Ok(gateway::State {
        clock: clock.clone(),
        accounts: accounts.clone(),
        credentials: Credentials::new(jwt.clone(), accounts.clone(), clock.clone()),
        jwt,
        passwords: Passwords::new(COST),
        login_limit: LoginLimit::new(clock.clone()),
        rate_limit: RateLimit::memory(config.rate_limit_per_minute, clock.clone()),
        proxies: TrustedProxies::new(config.trusted_proxies.clone()),
    })
}

fn jwt_secret(config: &Config) -> Result<Secret, StartError> {
    match &config.jwt_secret {
        Some(secret) => Ok(secret.clone()),
        None => Ok(secret::load_or_create(&data_folder(config)?.join("jwt_secret"))?),
    }
}

fn assets(config: &Config) -> Result<Assets, StartError> {
    match &config.web_dir {
        Some(folder) => Assets::from_folder(folder).map_err(|source| StartError::Io {
            what: format!("{} cannot be read", folder.display()),
            source,
        }),
        None => Ok(Assets::embedded()),
    }
}

async fn open_accounts(config: &Config) -> Result<AccountStore, StartError> {
    Ok(AccountStore::open(&data_folder(config)?.join("accounts.db")).await?)
}

async fn open_traces(config: &Config) -> Result<TraceStore, StartError> {
    Ok(TraceStore::open_sqlite(&data_folder(config)?.join("traces.db")).await?)
}

/// The data folder, made where it is not there: only where something will stand in it.
fn data_folder(config: &Config) -> Result<&Path, StartError> {
    let folder = config.data_dir.as_path();
    fs::create_dir_all(folder)
        .map_err(|source| StartError::Io { what: format!("{} cannot be made", folder.display()), source })?;
    Ok(folder)
}
