//! All settings, read once at the start. A bad one stops the start with its name, what was found (secrets hidden) and
//! what is expected.

mod notify;
mod server;
mod setting;
mod storage;
#[cfg(test)]
mod tests;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use shared::price::PriceRequest;

use self::setting::{Settings, invalid, origin};
pub use self::{
    notify::{Notify, Smtp, SmtpTls},
    server::{Servers, Services},
    setting::InvalidSetting,
    storage::{DataDir, Storage},
};
use crate::{
    cache::{Kind, Ttls},
    gateway::secret::Secret,
    price::file,
    role::Role,
};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For machines.
    Json,
}

/// Where OTLP is taken over gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrpcPort {
    /// Nowhere.
    Off,
    /// At [`GrpcPort::DEFAULT`], where nobody else is there: two servers on one machine are no mistake.
    Default,
    /// Here or not at all; 0 picks a free one, which no setting says but tests do.
    Set(u16),
}

impl GrpcPort {
    /// Where exporters look if nobody says otherwise.
    pub const DEFAULT: u16 = 4317;
}

/// The settings of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// What this process does; everything where absent.
    pub role: Option<Role>,
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 picks a free one.
    pub port: u16,
    /// The port for OTLP over gRPC, where the gateway runs.
    pub otlp_grpc: GrpcPort,
    /// Where the databases and the generated secret are.
    pub data_dir: DataDir,
    /// The servers that take the place of what is embedded.
    pub servers: Servers,
    /// The other roles, where they run apart.
    pub services: Services,
    /// What signs the tokens; generated and kept in the data folder where absent.
    pub jwt_secret: Option<Secret>,
    /// How long a token holds.
    pub jwt_ttl: Duration,
    /// How long answers are kept.
    pub cache_ttls: Ttls,
    /// How long after its last span a trace waits for its outermost one, before another stands for it.
    pub root_wait: Duration,
    /// How often each alert rule is evaluated.
    pub alert_interval: Duration,
    /// Requests of one workspace in a minute at most; 0 for no limit.
    pub rate_limit_per_minute: u32,
    /// Origins whose pages may call the API.
    pub cors_allowed_origins: Vec<String>,
    /// Who may say, in `X-Forwarded-For`, where a request came from.
    pub trusted_proxies: Vec<IpNet>,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: String,
    /// Pretty on a terminal and JSON elsewhere where absent.
    pub log_format: Option<LogFormat>,
    /// A folder with the SPA, instead of the one that is built in.
    pub web_dir: Option<PathBuf>,
    /// What models cost, before the public prices.
    pub prices: Vec<PriceRequest>,
    /// How channels are told of alerts.
    pub notify: Notify,
}

impl Config {
    /// Reads the settings of a server, or of one role of it, through `lookup`, which is the environment outside of
    /// tests. An empty value counts as absent.
    ///
    /// # Errors
    /// The first setting that is wrong, or absent where the role needs it.
    pub fn read(role: Option<Role>, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let settings = Settings(lookup);
        let servers = Servers::read(&settings)?;
        let services = Services::read(&settings)?;
        let jwt_secret = settings.secret("JWT_SECRET")?;
        server::check(role, &servers, &services, jwt_secret.is_some())?;
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
            jwt_ttl: Duration::from_secs(
                settings
                    .within("JWT_TTL_SECONDS", (60, 31_536_000), "seconds (a minute to a year)")?
                    .unwrap_or(86_400),
            ),
            cache_ttls: cache_ttls(&settings)?,
            root_wait: Duration::from_secs(
                settings
                    .within("TRACE_ROOT_WAIT_SECONDS", (1, 86_400), "seconds (up to a day)")?
                    .unwrap_or(60),
            ),
            alert_interval: Duration::from_secs(
                settings
                    .within("ALERT_EVALUATION_SECONDS", (1, 3600), "seconds (up to an hour)")?
                    .unwrap_or(30),
            ),
            rate_limit_per_minute: settings
                .parsed("RATE_LIMIT_PER_MINUTE", "a number of requests, 0 for no limit")?
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
            prices: prices(&settings)?,
            notify: Notify::read(&settings)?,
        })
    }
}

fn cache_ttls<L: Fn(&str) -> Option<String>>(settings: &Settings<L>) -> Result<Ttls, InvalidSetting> {
    let mut ttls = Ttls::default();
    for (name, kinds) in [
        ("CACHE_TTL_HOME_KPIS", [Kind::HomeKpis, Kind::Charts].as_slice()),
        ("CACHE_TTL_ALERTS", &[Kind::Alerts]),
        ("CACHE_TTL_ACTIVITY", &[Kind::Activity]),
        ("CACHE_TTL_TRACES_LIST", &[Kind::TracesList]),
        ("CACHE_TTL_TRACE_DETAIL", &[Kind::TraceDetail]),
    ] {
        if let Some(seconds) = settings.parsed(name, "a number of seconds")? {
            kinds.iter().for_each(|&kind| ttls.set(kind, Duration::from_secs(seconds)));
        }
    }
    Ok(ttls)
}

/// The prices in the file that the setting names.
fn prices<L: Fn(&str) -> Option<String>>(
    settings: &Settings<L>,
) -> Result<Vec<PriceRequest>, InvalidSetting> {
    let Some(path) = settings.text("PRICES_FILE") else { return Ok(Vec::new()) };
    file::read(Path::new(&path)).map_err(|expected| invalid("PRICES_FILE", path, expected))
}

/// A network, or an address as the network of it alone.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
