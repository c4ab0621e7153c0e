//! The state of a process: that of the handlers of its roles, and the background jobs.

use std::time::Duration;

use actix_web::web::Data;
use store::{account::AccountStore, alert::AlertStore, job::JobStore, price::PriceStore, trace::TraceStore};
use tokio::time::timeout;

use super::{
    error::StartError,
    resources::{QueueWriter, Resources},
};
use crate::{
    alert::preview::Previews,
    auth::{
        credential::Credentials,
        jwt::JwtKeys,
        key_use::SaveKeyUses,
        oidc::Provider,
        password::{COST, Passwords},
    },
    cache::Invalidator,
    clock::Clock,
    config::Config,
    gateway::{self, address::TrustedProxies, asset::Assets},
    health::dependency::{Dependency, Target},
    http, ingestion,
    internal::{
        client::{PeerClient, Peers},
        proof::ProofKey,
        receive,
        upstream::Upstream,
    },
    job::Jobs,
    limit::{LINKS_PER_WORKSPACE, computation::Computations, window::SlidingWindow},
    notify::{Notifier, account::AccountMail},
    pricer::Pricer,
    process_state::ProcessState,
    processing::{
        alert::Evaluator,
        deliver::{Deliverer, DeliveryRetention},
        group_writer::GroupWriter,
        maintenance::Maintenance,
        promotion::Promotion,
        reprice::Repricer,
    },
    query,
    role::Role,
};

/// The maximum time for closing the stores.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(4);

/// What runs and is open until the process stops.
pub(super) struct Running {
    accounts: Option<AccountStore>,
    traces: Option<TraceStore>,
    queue_writer: Option<QueueWriter>,
    jobs: Jobs,
}

/// Opens what the roles of this process need. The jobs are not started yet.
pub(super) async fn open(config: &Config, clock: Clock) -> Result<(ProcessState, Running), StartError> {
    let runs = |role| config.role.is_none_or(|own| own == role);
    let resources = Resources::open(config, clock).await?;
    let accounts = if runs(Role::Gateway) { Some(resources.accounts().await?) } else { None };
    let traces =
        if runs(Role::Query) || runs(Role::Processing) { Some(resources.traces().await?) } else { None };

    let pricer =
        traces.as_ref().map(|traces| Pricer::new(PriceStore::new(traces.database()), &config.prices));
    let mut queue = resources.redis_queue().await?.filter(|_| runs(Role::Ingestion));
    let (mut queue_writer, mut jobs) = (None, Jobs::new(resources.metrics.clone()));
    let stored = traces.clone().zip(pricer);
    if let Some((traces, pricer)) = stored.clone().filter(|_| runs(Role::Processing)) {
        let invalidator = Invalidator::new(resources.cache.clone(), resources.clock.clone());
        let clock = resources.clock.clone();
        let metrics = resources.metrics.clone();
        let alerts = AlertStore::new(traces.database());
        let notifier = Notifier::new(&config.notify, Notifier::TIMEOUT)?;
        jobs.add(Evaluator::new(
            traces.clone(),
            invalidator.clone(),
            clock.clone(),
            metrics.clone(),
            config.alert_interval,
        ));
        let limit = resources.email_limit();
        jobs.add(Deliverer::new(alerts.clone(), notifier, limit, metrics.clone(), clock.clone()));
        jobs.add(DeliveryRetention { alerts, clock: clock.clone() });
        jobs.add(Repricer::new(traces.clone(), pricer.clone(), invalidator.clone(), clock.clone()));
        jobs.add(Maintenance { traces: traces.clone(), clock: clock.clone() });
        let writer = GroupWriter::new(traces, pricer, invalidator, metrics, clock.clone());
        jobs.add(Promotion { writer: writer.clone(), clock, root_wait: config.root_wait });
        let (started, created) = resources.start_queue_writer(writer).await?;
        queue = queue.or(created);
        queue_writer = Some(started);
    }
    let gateway = accounts.as_ref().map(|accounts| gateway(&resources, accounts)).transpose()?;
    if let Some(gateway) = &gateway {
        jobs.add(SaveKeyUses(gateway.credentials.clone()));
    }
    let peers = peers(config, &resources.clock);
    let state = ProcessState {
        dependencies: Data::new(dependencies(
            &resources,
            accounts.as_ref(),
            traces.as_ref(),
            peers.as_ref(),
        )?),
        gateway: gateway.map(Data::new),
        assets: if runs(Role::Gateway) { Some(Data::new(assets(config)?)) } else { None },
        peers: peers.map(peer_client).transpose()?,
        receive: receive(config, &resources.clock).map(Data::new),
        ingestion: queue.map(|queue| {
            let (clock, metrics) = (resources.clock.clone(), resources.metrics.clone());
            Data::new(ingestion::State { clock, queue, metrics })
        }),
        query: stored.filter(|_| runs(Role::Query)).map(|(traces, pricer)| {
            let (clock, metrics) = (resources.clock.clone(), resources.metrics.clone());
            let hour = Duration::from_secs(3600);
            Data::new(query::State {
                tests: SlidingWindow::new(query::alert_channel::TESTS_PER_HOUR, hour, clock.clone()),
                links: SlidingWindow::new(LINKS_PER_WORKSPACE, hour, clock.clone()),
                accounts: accounts.clone(),
                clock,
                computations: Computations::for_connections(traces.database().read_connections()),
                alerts: AlertStore::new(traces.database()),
                prices: PriceStore::new(traces.database()),
                jobs: JobStore::new(traces.database()),
                traces,
                pricer,
                private_targets: config.notify.private_targets.clone(),
                previews: Previews::default(),
                cache: resources.cache.clone(),
                metrics,
            })
        }),
        metrics: Data::new(resources.metrics.clone()),
        metrics_access: Data::new(config.metrics_access.clone()),
    };
    Ok((state, Running { accounts, traces, queue_writer, jobs }))
}

impl Running {
    /// Starts the background jobs.
    pub(super) fn start_jobs(&mut self) {
        self.jobs.start();
    }

    /// Writes queued records and stops the jobs, for at most `limit`, and closes the stores. The sending side of the
    /// in-process queue must have been dropped.
    pub(super) async fn close(self, limit: Duration) {
        let writing = async {
            match self.queue_writer {
                // A panic of the task was logged when it happened.
                Some(QueueWriter::Memory(task)) => drop(task.await),
                Some(QueueWriter::Redis(worker)) => worker.stop().await,
                None => {}
            }
        };
        let (written, ()) = tokio::join!(timeout(limit, writing), self.jobs.stop(limit));
        if written.is_err() {
            tracing::warn!("queued records were not written in time, closing the stores");
        }
        let closing = async {
            if let Some(traces) = self.traces {
                traces.close().await;
            }
            if let Some(accounts) = self.accounts {
                accounts.close().await;
            }
        };
        // A database that does not respond must not keep the process from ending.
        if timeout(CLOSE_TIMEOUT, closing).await.is_err() {
            tracing::warn!("database connections did not close in time");
        }
    }
}

fn gateway(resources: &Resources<'_>, accounts: &AccountStore) -> Result<gateway::State, StartError> {
    let jwt = JwtKeys::new(resources.jwt_secret()?.expose().as_bytes(), resources.config.jwt_ttl);
    Ok(gateway::State {
        clock: resources.clock.clone(),
        accounts: accounts.clone(),
        credentials: Credentials::new(jwt.clone(), accounts.clone(), resources.clock.clone()),
        jwt,
        passwords: Passwords::new(COST),
        login_limit: resources.login_limit(),
        rate_limit: resources.rate_limit(),
        email_limit: resources.email_limit(),
        mail: AccountMail::new(&resources.config.notify)?,
        public_url: resources.config.notify.public_url.clone(),
        registration: resources.config.registration,
        password_login: resources.config.password_login,
        oidc: resources.config.oidc.clone().map(Provider::new).transpose()?,
        proxies: TrustedProxies::new(resources.config.trusted_proxies.clone()),
    })
}

fn assets(config: &Config) -> Result<Assets, StartError> {
    match &config.web_dir {
        Some(directory) => Assets::from_dir(directory).map_err(|source| StartError::Io {
            what: format!("cannot read {}", directory.display()),
            source,
        }),
        None => Ok(Assets::embedded()),
    }
}

/// Returns the other roles, if only the gateway runs here.
fn peers(config: &Config, clock: &Clock) -> Option<Peers> {
    let key = config.services.internal_secret.as_ref().map(ProofKey::new)?;
    (config.role == Some(Role::Gateway)).then(|| Peers {
        query: Upstream::new(Role::Query, &config.services.query),
        ingestion: Upstream::new(Role::Ingestion, &config.services.ingestion),
        key,
        timeout: config.services.timeout,
        clock: clock.clone(),
    })
}

fn peer_client(peers: Peers) -> Result<PeerClient, StartError> {
    let what = "cannot load the root certificates for QUERY_SERVICE_URL and INGESTION_SERVICE_URL";
    PeerClient::new(peers).map_err(|source| StartError::Io { what: what.to_owned(), source })
}

/// Returns the state that checks the gateway's proofs, if the gateway runs elsewhere.
fn receive(config: &Config, clock: &Clock) -> Option<receive::State> {
    let key = config.services.internal_secret.as_ref().map(ProofKey::new)?;
    let role = config.role.filter(|role| matches!(role, Role::Ingestion | Role::Query))?;
    Some(receive::State { key, role, clock: clock.clone() })
}

fn dependencies(
    resources: &Resources<'_>,
    accounts: Option<&AccountStore>,
    traces: Option<&TraceStore>,
    peers: Option<&Peers>,
) -> Result<Vec<Dependency>, StartError> {
    let mut dependencies = Vec::new();
    let stores =
        accounts.cloned().map(Target::Accounts).into_iter().chain(traces.cloned().map(Target::Traces));
    dependencies.extend(stores.map(|target| Dependency { target, is_required: true }));
    // Without Redis, each process counts limits locally, and responses come from the database; only the queue stops.
    let queues = !matches!(resources.config.role, Some(Role::Gateway | Role::Query));
    let redis = resources.redis.clone().map(Target::Redis);
    dependencies.extend(redis.map(|target| Dependency { target, is_required: queues }));
    if let Some(peers) = peers {
        let scheme = if peers.is_encrypted() { "https:" } else { "http:" };
        let client = http::client(scheme).no_proxy().build()?;
        for upstream in [&peers.query, &peers.ingestion] {
            // The gateway still ingests traces if query is down, and the other way round.
            let target = Target::Role(upstream.clone(), client.clone());
            dependencies.push(Dependency { target, is_required: false });
        }
    }
    Ok(dependencies)
}
