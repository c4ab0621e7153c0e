//! All settings, read once at startup. An invalid setting stops the start with its name, the value found (secrets are
//! hidden) and the expected values.

mod cache;
mod notify;
mod oidc;
mod prices;
mod server;
mod setting;
mod storage;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, path::PathBuf, time::Duration};

use domain::secret::Secret;
use ipnet::IpNet;
use shared::price::PriceRequest;

use self::setting::{Settings, invalid, origin};
pub use self::{
    cache::CacheTtls,
    notify::{Notify, Smtp, SmtpTls},
    oidc::{Oidc, RoleMap},
    server::{Servers, Services},
    setting::{InvalidSetting, SECRET_MIN_BYTES},
    storage::{DataDir, Storage},
};
use crate::{health::scrape::MetricsAccess, role::Role};

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Readable for people.
    Pretty,
    /// JSON lines.
    Json,
}

/// Whether and where OTLP is served over gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrpcPort {
    /// Not served.
    Off,
    /// On [`GrpcPort::DEFAULT`] if it is free: a second server on the same machine still starts.
    Default,
    /// On this port; the start fails if it is in use. 0 selects a free port (tests only).
    Set(u16),
}

impl GrpcPort {
    /// The default port of OTLP exporters.
    pub const DEFAULT: u16 = 4317;
}

/// Who may register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Anyone.
    Open,
    /// The first person, then people with an invitation. The demo account does not count.
    First,
    /// People with an invitation.
    Invite,
    /// People with an invitation from the command line.
    Closed,
}

/// The settings of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The role of this process; all roles if absent.
    pub role: Option<Role>,
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 selects a free port.
    pub port: u16,
    /// The port for OTLP over gRPC, if this process runs the gateway.
    pub otlp_grpc: GrpcPort,
    /// The directory of the embedded databases and the generated secret.
    pub data_dir: DataDir,
    /// The servers used instead of the embedded databases.
    pub servers: Servers,
    /// The other roles in a deployment with separate processes.
    pub services: Services,
    /// The secret that signs tokens; generated and stored in the data directory if absent.
    pub jwt_secret: Option<Secret>,
    /// Who may register.
    pub registration: RegistrationPolicy,
    /// Whether people log in with a password.
    pub password_login: bool,
    /// The OpenID Connect provider, if one is configured.
    pub oidc: Option<Oidc>,
    /// The lifetime of a token.
    pub jwt_ttl: Duration,
    /// The lifetimes of cached responses.
    pub cache_ttls: CacheTtls,
    /// How long after its last span a trace waits for its root span before it is assembled without one.
    pub root_wait: Duration,
    /// The interval between evaluations of an alert rule.
    pub alert_interval: Duration,
    /// The maximum number of requests of a workspace per minute; 0 for no limit.
    pub rate_limit_per_minute: u32,
    /// Who may read the metrics.
    pub metrics_access: MetricsAccess,
    /// How long a client may take to send the body of a request, and how long it may stop reading a response.
    pub client_timeout: Duration,
    /// The maximum number of connections of an address that is not a trusted proxy; 0 for no limit.
    pub max_connections_per_address: usize,
    /// The origins of pages that may call the API.
    pub cors_allowed_origins: Vec<String>,
    /// The proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: String,
    /// Pretty on a terminal and JSON otherwise if absent.
    pub log_format: Option<LogFormat>,
    /// A directory with the SPA; the built-in SPA if absent.
    pub web_dir: Option<PathBuf>,
    /// Prices that take precedence over the public ones.
    pub prices: Vec<PriceRequest>,
    /// How notifications are sent.
    pub notify: Notify,
}

impl Config {
    /// Reads the settings of a server or one of its roles through `lookup`, which reads the environment outside of
    /// tests. An empty value counts as absent.
    ///
    /// # Errors
    /// Returns the first setting that is invalid, or that is absent but required by the role.
    pub fn read(role: Option<Role>, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let settings = Settings(&lookup);
        let servers = Servers::read(&settings)?;
        let services = Services::read(&settings)?;
        let jwt_secret = settings.secret("JWT_SECRET")?;
        server::check(role, &servers, &services, jwt_secret.is_some())?;
        let notify = Notify::read(&settings)?;
        let oidc = Oidc::read(&settings, notify.public_url.as_ref())?;
        let password_login = settings.one_of("PASSWORD_LOGIN", &["on", "off"])? != Some("off");
        if !password_login && oidc.is_none() {
            return Err(invalid("PASSWORD_LOGIN", "off", "on, or OIDC_ISSUER as another way to log in"));
        }
        Ok(Self {
            role,
            host: settings
                .parsed("SERVICE_HOST", "an IP address, like 127.0.0.1 or 0.0.0.0")?
                .unwrap_or([127, 0, 0, 1].into()),
            port: settings
                .parsed("SERVICE_PORT", "a port, 0 to 65535")?
                .unwrap_or_else(|| role.unwrap_or(Role::Gateway).default_port()),
            otlp_grpc: match settings.parsed("OTLP_GRPC_PORT", "a port, 1 to 65535, or 0 for none")? {
                None => GrpcPort::Default,
                Some(0) => GrpcPort::Off,
                Some(port) => GrpcPort::Set(port),
            },
            data_dir: DataDir::read(&settings),
            servers,
            services,
            jwt_secret,
            registration: match settings.one_of("REGISTRATION", &["open", "invite", "closed"])? {
                Some("open") => RegistrationPolicy::Open,
                Some("invite") => RegistrationPolicy::Invite,
                Some(_) => RegistrationPolicy::Closed,
                None => RegistrationPolicy::First,
            },
            password_login,
            oidc,
            jwt_ttl: settings.seconds(
                "JWT_TTL_SECONDS",
                (60, 31_536_000),
                "seconds (a minute to a year)",
                86_400,
            )?,
            cache_ttls: CacheTtls::read(&settings)?,
            root_wait: settings.seconds(
                "TRACE_ROOT_WAIT_SECONDS",
                (1, 86_400),
                "seconds (up to a day)",
                60,
            )?,
            alert_interval: settings.seconds(
                "ALERT_EVALUATION_SECONDS",
                (1, 3600),
                "seconds (up to an hour)",
                30,
            )?,
            rate_limit_per_minute: settings
                .parsed("RATE_LIMIT_PER_MINUTE", "a number of requests, 0 for no limit")?
                .unwrap_or(1000),
            metrics_access: MetricsAccess {
                token: settings.secret("METRICS_TOKEN")?,
                port: settings.parsed("METRICS_PORT", "a port, 0 to 65535")?,
            },
            client_timeout: settings.seconds(
                "CLIENT_TIMEOUT_SECONDS",
                (1, 3600),
                "seconds (up to an hour)",
                60,
            )?,
            max_connections_per_address: settings
                .parsed("MAX_CONNECTIONS_PER_ADDRESS", "a number of connections, 0 for no limit")?
                .unwrap_or(1000),
            cors_allowed_origins: settings.list(
                "CORS_ALLOWED_ORIGINS",
                "origins like https://app.example.com, separated by commas",
                |text| origin(text).map(|_| text.to_owned()),
            )?,
            trusted_proxies: settings.list(
                "TRUSTED_PROXIES",
                "IP addresses or networks like 10.0.0.0/8, separated by commas",
                network,
            )?,
            log_level: settings
                .one_of("LOG_LEVEL", &["error", "warn", "info", "debug", "trace"])?
                .unwrap_or("info")
                .to_owned(),
            log_format: settings
                .one_of("LOG_FORMAT", &["pretty", "json"])?
                .map(|format| if format == "json" { LogFormat::Json } else { LogFormat::Pretty }),
            web_dir: settings.text("WEB_DIR").map(PathBuf::from),
            prices: prices::read(&settings)?,
            notify,
        })
    }
}

/// Parses a network; a single address is a network of itself.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
