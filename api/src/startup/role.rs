//! Opens the roles of a process: the states of their handlers, and the tasks beside them.

use std::time::Duration;

use actix_web::web::Data;
use store::{account::AccountStore, alert::AlertStore, job::JobStore, price::PriceStore, trace::TraceStore};
use tokio::time::timeout;

use super::{
    base::{Base, Writing},
    error::StartError,
};
use crate::{
    alert::preview::Previews,
    auth::{
        credential::Credentials,
        jwt::JwtKeys,
        password::{COST, Passwords},
    },
    cache::Invalidator,
    clock::Clock,
    config::Config,
    gateway::{self, address::TrustedProxies, asset::Assets},
    health::dependency::{Dependency, Target},
    http, ingestion,
    internal::{forward::Peers, proof::ProofKey, receive, upstream::Upstream},
    limit::window::SlidingWindow,
    notify::Notifier,
    parts::Parts,
    pricer::Pricer,
    processing::{
        alert::Evaluator,
        deliver::{Deliverer, Delivering},
        reprice::Repricer,
        sink::Sink,
    },
    query,
    role::Role,
};

/// How long closing the stores may take.
const CLOSING: Duration = Duration::from_secs(4);

/// What runs or is open until the process stops.
pub(super) struct Running {
    accounts: Option<AccountStore>,
    traces: Option<TraceStore>,
    writing: Option<Writing>,
    sink: Option<Sink>,
    repricer: Option<Repricer>,
    evaluator: Option<Evaluator>,
    delivering: Option<Delivering>,
}

/// Opens what the roles of this process need.
pub(super) async fn open(config: &Config, clock: Clock) -> Result<(Parts, Running), StartError> {
    let runs = |role| config.role.is_none_or(|own| own == role);
    let base = Base::open(config, clock).await?;
    let accounts = if runs(Role::Gateway) { Some(base.accounts().await?) } else { None };
    let traces = if runs(Role::Query) || runs(Role::Processing) { Some(base.traces().await?) } else { None };

    let pricer =
        traces.as_ref().map(|traces| Pricer::new(PriceStore::new(traces.database()), &config.prices));
    let mut queue = base.redis_queue().await?.filter(|_| runs(Role::Ingestion));
    let (mut writing, mut sink, mut repricer) = (None, None, None);
    let (mut evaluator, mut delivering) = (None, None);
    let stored = traces.clone().zip(pricer);
    if let Some((traces, pricer)) = stored.clone().filter(|_| runs(Role::Processing)) {
        let invalidator = Invalidator::new(base.cache.clone(), base.clock.clone());
        let clock = base.clock.clone();
        repricer = Some(Repricer::new(traces.clone(), pricer.clone(), invalidator.clone(), clock.clone()));
        evaluator = Some(Evaluator::new(
            traces.clone(),
            invalidator.clone(),
            clock.clone(),
            base.metrics.clone(),
            config.alert_interval,
        ));
        let notifier = Notifier::new(&config.notify, Notifier::PATIENCE)?;
        let alerts = AlertStore::new(traces.database());
        let deliverer = Deliverer::new(alerts, notifier, base.metrics.clone(), clock.clone());
        delivering = Some(deliverer.start());
        let written = Sink::new(traces, pricer, invalidator, base.metrics.clone(), clock);
        let (started, begun) = base.write_to(written.clone()).await?;
        sink = Some(written);
        queue = queue.or(begun);
        writing = Some(started);
    }
    let peers = peers(config, &base.clock);
    let parts = Parts {
        dependencies: Data::new(dependencies(&base, accounts.as_ref(), traces.as_ref(), peers.as_ref())?),
        gateway: accounts.as_ref().map(|accounts| gateway(&base, accounts)).transpose()?.map(Data::new),
        assets: if runs(Role::Gateway) { Some(Data::new(assets(config)?)) } else { None },
        peers,
        receive: receive(config, &base.clock).map(Data::new),
        ingestion: queue.map(|queue| {
            let (clock, metrics) = (base.clock.clone(), base.metrics.clone());
            Data::new(ingestion::State { clock, queue, metrics })
        }),
        query: stored.filter(|_| runs(Role::Query)).map(|(traces, pricer)| {
            let (clock, metrics) = (base.clock.clone(), base.metrics.clone());
            let hour = Duration::from_secs(3600);
            Data::new(query::State {
                tests: SlidingWindow::new(query::alert_channel::TESTS_PER_HOUR, hour, clock.clone()),
                clock,
                alerts: AlertStore::new(traces.database()),
                prices: PriceStore::new(traces.database()),
                jobs: JobStore::new(traces.database()),
                traces,
                pricer,
                allow_private: config.notify.allow_private,
                previews: Previews::default(),
                cache: base.cache.clone(),
                metrics,
            })
        }),
        metrics: Data::new(base.metrics.clone()),
    };
    Ok((parts, Running { accounts, traces, writing, sink, repricer, evaluator, delivering }))
}

impl Running {
    /// Returns the traces store, if this process writes to it.
    pub(super) fn writable_traces(&self) -> Option<&TraceStore> {
        self.traces.as_ref().filter(|_| self.writing.is_some())
    }

    /// Returns the group writer, if this process writes.
    pub(super) fn sink(&self) -> Option<&Sink> {
        self.sink.as_ref()
    }

    /// Takes the repricer, if this process writes.
    pub(super) fn take_repricer(&mut self) -> Option<Repricer> {
        self.repricer.take()
    }

    /// Takes the evaluator of alert rules, if this process writes.
    pub(super) fn take_evaluator(&mut self) -> Option<Evaluator> {
        self.evaluator.take()
    }

    /// Writes queued records, completes notifications in flight (each for at most `patience`), and closes the stores.
    /// All senders of the queue must have been dropped.
    pub(super) async fn close(self, patience: Duration) {
        let writing = async {
            match self.writing {
                // The task has ended; a panic in it was logged already.
                Some(Writing::Memory(task)) => drop(task.await),
                Some(Writing::Redis(worker)) => worker.stop().await,
                None => {}
            }
        };
        let delivering = async {
            if let Some(delivering) = self.delivering {
                delivering.stop().await;
            }
        };
        let (written, delivered) = tokio::join!(timeout(patience, writing), timeout(patience, delivering));
        if written.is_err() {
            tracing::warn!("queued records were not written in time; closing the stores");
        }
        if delivered.is_err() {
            tracing::warn!("notifications in flight did not complete in time; they will be retried");
        }
        let closing = async {
            if let Some(traces) = self.traces {
                traces.close().await;
            }
            if let Some(accounts) = self.accounts {
                accounts.close().await;
            }
        };
        // A server that does not respond must not delay the end of the process.
        if timeout(CLOSING, closing).await.is_err() {
            tracing::warn!("database connections did not close in time");
        }
    }
}

fn gateway(base: &Base<'_>, accounts: &AccountStore) -> Result<gateway::State, StartError> {
    let jwt = JwtKeys::new(base.jwt_secret()?.expose().as_bytes(), base.config.jwt_ttl);
    Ok(gateway::State {
        clock: base.clock.clone(),
        accounts: accounts.clone(),
        credentials: Credentials::new(jwt.clone(), accounts.clone(), base.clock.clone()),
        jwt,
        passwords: Passwords::new(COST),
        login_limit: base.login_limit(),
        rate_limit: base.rate_limit(),
        proxies: TrustedProxies::new(base.config.trusted_proxies.clone()),
    })
}

fn assets(config: &Config) -> Result<Assets, StartError> {
    match &config.web_dir {
        Some(folder) => Assets::from_folder(folder)
            .map_err(|source| StartError::Io { what: format!("cannot read {}", folder.display()), source }),
        None => Ok(Assets::embedded()),
    }
}

/// Returns the other roles, if only the gateway runs in this process.
fn peers(config: &Config, clock: &Clock) -> Option<Peers> {
    let key = config.services.internal_secret.as_ref().map(ProofKey::new)?;
    (config.role == Some(Role::Gateway)).then(|| Peers {
        query: Upstream::new(&config.services.query),
        ingestion: Upstream::new(&config.services.ingestion),
        key,
        timeout: config.services.timeout,
        clock: clock.clone(),
    })
}

/// Returns the state for checking proofs, if ingestion or query run alone in this process.
fn receive(config: &Config, clock: &Clock) -> Option<receive::State> {
    let key = config.services.internal_secret.as_ref().map(ProofKey::new)?;
    matches!(config.role, Some(Role::Ingestion | Role::Query))
        .then(|| receive::State { key, clock: clock.clone() })
}

fn dependencies(
    base: &Base<'_>,
    accounts: Option<&AccountStore>,
    traces: Option<&TraceStore>,
    peers: Option<&Peers>,
) -> Result<Vec<Dependency>, StartError> {
    let mut dependencies = Vec::new();
    dependencies.extend(accounts.cloned().map(|store| Dependency::required(Target::Accounts(store))));
    dependencies.extend(traces.cloned().map(|store| Dependency::required(Target::Traces(store))));
    // Without Redis, limits are counted per process and responses are computed from the database; only the queue
    // stops.
    let queues = !matches!(base.config.role, Some(Role::Gateway | Role::Query));
    let redis = if queues { Dependency::required } else { Dependency::optional };
    dependencies.extend(base.redis.clone().map(|connection| redis(Target::Redis(connection))));
    if let Some(peers) = peers {
        let client = http::client("http:").no_proxy().build()?;
        for (name, upstream) in [("query", &peers.query), ("ingestion", &peers.ingestion)] {
            // Each of the two roles can be down without affecting the other.
            dependencies.push(Dependency::optional(Target::Role(name, upstream.clone(), client.clone())));
        }
    }
    Ok(dependencies)
}
