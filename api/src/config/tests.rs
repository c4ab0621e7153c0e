//! Every setting: its default, invalid values, and what each role requires.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::notify::PrivateTargets;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn read(role: Option<Role>, settings: &[(&str, &str)]) -> Result<Config, InvalidSetting> {
    Config::read(role, lookup(settings))
}

fn lookup(settings: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
    |name| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

#[test]
fn every_setting_has_a_default() {
    let config = read(None, &[]).unwrap();
    assert_eq!((config.port, config.rate_limit_per_minute, config.jwt_ttl.as_secs()), (8000, 1000, 86_400));
    assert_eq!((config.root_wait.as_secs(), config.alert_interval.as_secs()), (60, 30));
    assert_eq!(config.cache_ttls.home_kpis, shared::ttl::HOME_KPIS);
    assert_eq!((config.servers.pool_min, config.servers.pool_max), (5, 20));
    assert_eq!(config.otlp_grpc, GrpcPort::Default);
    assert_eq!(read(None, &[("OTLP_GRPC_PORT", "0")]).unwrap().otlp_grpc, GrpcPort::Off);
    assert_eq!(read(None, &[("OTLP_GRPC_PORT", "14317")]).unwrap().otlp_grpc, GrpcPort::Set(14317));
    assert!(config.servers.timescale_url.is_none() && config.servers.redis_url.is_none());
}

#[test]
fn an_error_names_the_setting_and_the_expected_value() {
    for (name, value) in [
        ("SERVICE_PORT", "80000"),
        ("OTLP_GRPC_PORT", "on"),
        ("SERVICE_HOST", "localhost:80"),
        ("CACHE_TTL_ALERTS", "1m"),
        ("LOG_LEVEL", "loud"),
        ("JWT_TTL_SECONDS", "5"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example, b.example"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, nginx"),
        ("TIMESCALE_URL", "mysql://localhost"),
        ("REDIS_URL", "localhost:6379"),
        ("DB_POOL_MIN_SIZE", "21"),
        ("DB_STATEMENT_TIMEOUT_SECONDS", "0"),
        ("QUERY_SERVICE_URL", "query:8003"),
        ("QUEUE_STREAMS", "0"),
        ("TRACE_ROOT_WAIT_SECONDS", "0"),
        ("ALERT_EVALUATION_SECONDS", "3601"),
        ("PRICES_FILE", "/nowhere/prices.json"),
        ("WEBHOOK_ALLOW_PRIVATE", "yes"),
        ("PUBLIC_URL", "agents.example.com"),
        ("PUBLIC_URL", "https://agents.example.com/?a=b"),
        ("SMTP_FROM", "alerts"),
        ("SMTP_URL", "mail.example.com"),
        ("SMTP_URL", "http://mail.example.com"),
        ("SMTP_URL", "smtp://ada@mail.example.com"),
        ("SMTP_URL", "smtp://mail.example.com/inbox"),
        ("SMTP_URL", "smtp://mail.example.com?tls=perhaps"),
        ("SMTP_URL", "smtps://mail.example.com?tls=none"),
    ] {
        let error = read(None, &[(name, value)]).unwrap_err().to_string();
        assert!(error.starts_with(name) && error.contains("expected"), "{error}");
    }
}

#[test]
fn rejects_a_short_secret_without_showing_it() {
    for name in ["JWT_SECRET", "INTERNAL_SECRET"] {
        let error = read(None, &[(name, "hunter2")]).unwrap_err().to_string();
        assert!(error.contains(name) && !error.contains("hunter2"), "{error}");
    }
    let config = read(None, &[("JWT_SECRET", SECRET)]).unwrap();
    assert!(!format!("{config:?}").contains("0123456789"));
}

#[test]
fn errors_do_not_show_passwords_in_urls() {
    for (name, good, bad) in [
        ("TIMESCALE_URL", "postgres://ada:hunter2@db/traces", "postgrs://ada:hunter2@db/traces"),
        ("REDIS_URL", "rediss://:hunter2@cache", "http://:hunter2@cache"),
        ("SMTP_URL", "smtps://ada:hunter2@mail.example.com", "smtp://ada:hunter2@mail.example.com/inbox"),
    ] {
        let others = [("JWT_SECRET", SECRET), ("SMTP_FROM", "alerts@example.com")];
        let error = read(None, &[&[(name, bad)], others.as_slice()].concat()).unwrap_err().to_string();
        assert!(error.starts_with(name) && !error.contains("hunter2"), "{error}");
        let config = read(None, &[&[(name, good)], others.as_slice()].concat()).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}

#[test]
fn accounts_share_the_traces_server_by_default() {
    let traces = ("TIMESCALE_URL", "postgres://db/traces");
    let config = read(None, &[traces, ("JWT_SECRET", SECRET)]).unwrap();
    assert_eq!(config.servers.postgres_url.unwrap().expose(), "postgres://db/traces");
    let settings = [traces, ("POSTGRES_URL", "postgres://db/accounts"), ("JWT_SECRET", SECRET)];
    assert_eq!(
        read(None, &settings).unwrap().servers.postgres_url.unwrap().expose(),
        "postgres://db/accounts"
    );
    let error = read(None, &[traces]).unwrap_err().to_string();
    assert!(error.starts_with("JWT_SECRET"), "{error}");
}

#[test]
fn rejects_settings_that_the_embedded_store_does_not_support() {
    let days = ("TRACE_RETENTION_DAYS", "90");
    let error = read(None, &[days]).unwrap_err().to_string();
    assert!(error.starts_with("TRACE_RETENTION_DAYS") && error.contains("TIMESCALE_URL"), "{error}");
    assert!(read(None, &[days, ("TIMESCALE_URL", "postgres://db"), ("JWT_SECRET", SECRET)]).is_ok());
}

#[test]
fn a_role_reports_missing_settings_and_has_its_own_port() {
    let all = [
        ("INTERNAL_SECRET", SECRET),
        ("JWT_SECRET", SECRET),
        ("REDIS_URL", "redis://cache"),
        ("POSTGRES_URL", "postgres://db"),
        ("TIMESCALE_URL", "postgres://db"),
        ("QUERY_SERVICE_URL", "http://query-1:8003, http://query-2:8003"),
        ("INGESTION_SERVICE_URL", "http://ingestion:8001"),
    ];
    let needs = [
        (
            Role::Gateway,
            8000,
            ["INTERNAL_SECRET", "JWT_SECRET", "REDIS_URL", "QUERY_SERVICE_URL", "INGESTION_SERVICE_URL"]
                .as_slice(),
        ),
        (Role::Ingestion, 8001, &["INTERNAL_SECRET", "REDIS_URL"]),
        (Role::Processing, 8002, &["REDIS_URL", "TIMESCALE_URL"]),
        (Role::Query, 8003, &["INTERNAL_SECRET", "REDIS_URL", "TIMESCALE_URL"]),
    ];
    for (role, port, names) in needs {
        let config = read(Some(role), &all).unwrap();
        assert_eq!((config.port, config.services.query.len()), (port, 2));
        for (name, _) in all {
            let without: Vec<_> = all.iter().copied().filter(|(other, _)| *other != name).collect();
            let found = read(Some(role), &without).map_err(|error| error.to_string());
            match found {
                Ok(_) => assert!(!names.contains(&name), "{role} does not require {name}"),
                Err(error) => {
                    assert!(names.contains(&name), "{role}: {error}");
                    assert!(error.starts_with(name) && error.contains(&role.to_string()), "{error}");
                }
            }
        }
    }
}

#[test]
fn a_single_address_is_parsed_as_a_network() {
    assert_eq!(network("10.1.2.3").unwrap().to_string(), "10.1.2.3/32");
    assert_eq!(network("fd00::/8").unwrap().to_string(), "fd00::/8");
    assert_eq!(network("localhost"), None);
}

#[test]
fn storage_settings_are_read_without_secrets() {
    let storage = |settings: &[(&str, &str)]| Storage::read(lookup(settings));
    assert_eq!(storage(&[]).unwrap().data_dir.accounts(), PathBuf::from("./data/accounts.db"));
    let (accounts, traces) =
        storage(&[("TIMESCALE_URL", "postgres://db/all")]).unwrap().on_servers().unwrap();
    assert_eq!((accounts.url.expose(), traces.url.expose()), ("postgres://db/all", "postgres://db/all"));
    let alone = storage(&[("POSTGRES_URL", "postgres://db/accounts")]).unwrap();
    assert!(alone.on_servers().unwrap_err().to_string().starts_with("TIMESCALE_URL="));
    assert!(storage(&[("POSTGRES_URL", "mysql://db")]).is_err());
}

#[test]
fn smtp_with_a_password_requires_encryption() {
    let smtp = |url: &str| {
        let settings = [("SMTP_URL", url), ("SMTP_FROM", "Agents <alerts@example.com>")];
        read(None, &settings).unwrap().notify.smtp.unwrap()
    };
    for (url, port, tls) in [
        ("smtp://mail.example.com", 25, SmtpTls::Offered),
        ("smtp://ada:p%40ss@mail.example.com", 587, SmtpTls::Required),
        ("smtp://ada:p%40ss@mail.example.com:2525/?tls=none", 2525, SmtpTls::None),
        ("smtp://mail.example.com?tls=required", 25, SmtpTls::Required),
        ("smtps://ada:p%40ss@mail.example.com", 465, SmtpTls::Wrapped),
    ] {
        let smtp = smtp(url);
        assert_eq!((smtp.host.as_str(), smtp.port, smtp.tls), ("mail.example.com", port, tls), "{url}");
        assert_eq!(smtp.from.email.to_string(), "alerts@example.com");
        if let Some((user, password)) = smtp.login {
            assert_eq!((user.as_str(), password.expose()), ("ada", "p@ss"));
        }
    }
    assert_eq!(smtp("smtp://[::1]:2525").host, "::1");
    let error = read(None, &[("SMTP_URL", "smtp://mail.example.com")]).unwrap_err().to_string();
    assert!(error.starts_with("SMTP_FROM="), "{error}");
}

#[test]
fn webhooks_reject_private_networks_by_default_and_links_need_a_public_url() {
    let notify = |settings: &[(&str, &str)]| read(None, settings).unwrap().notify;
    let default = notify(&[]);
    assert!(
        default.private_targets == PrivateTargets::default()
            && default.public_url.is_none()
            && default.smtp.is_none()
    );
    let private = |value| notify(&[("WEBHOOK_ALLOW_PRIVATE", value)]).private_targets;
    assert_eq!((private("true"), private("False")), (PrivateTargets::all(), PrivateTargets::default()));
    assert!(private("10.0.0.0/8,hooks.internal").allows_host("hooks.internal"));
    let url = notify(&[("PUBLIC_URL", "https://example.com/agents/")]).public_url;
    assert_eq!(url.as_deref(), Some("https://example.com/agents"));
}
