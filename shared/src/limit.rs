//! Limits and defaults. Forms check them before a request, and the API checks them again.

/// The maximum number of traces in a batch.
pub const BATCH_TRACES: usize = 1000;
/// The maximum number of spans in a trace that is sent as one document.
pub const TRACE_SPANS: usize = 10_000;
/// The maximum number of stored incoming spans of a trace.
pub const TRACE_INCOMING_SPANS: usize = 20_000;
/// The number of incoming spans without a parent that are stored beyond that: the root span of a trace arrives last.
pub const TRACE_INCOMING_ROOTS: usize = 1_000;
/// The maximum number of tags of a trace.
pub const TRACE_TAGS: usize = 64;
/// The maximum length of an id or a name (trace, span, agent, model, session, end user, tag), in bytes.
pub const NAME_BYTES: usize = 256;
/// The maximum length of an error message, in bytes.
pub const ERROR_BYTES: usize = 16 * 1024;
/// The maximum size of a trace as JSON, with its spans and payloads, in bytes.
pub const TRACE_BYTES: usize = 4 * 1024 * 1024;
/// The maximum size of the body of an ingestion request, in bytes.
pub const INGEST_BODY_BYTES: usize = 16 * 1024 * 1024;
/// The maximum size of the body of any other request, in bytes.
pub const BODY_BYTES: usize = 64 * 1024;
/// The maximum nesting depth of a JSON value.
pub const JSON_DEPTH: usize = 64;
/// The maximum length of a custom time range, in days.
pub const RANGE_DAYS: u64 = 366;
/// The default number of sessions or end users, and of traces of one of them, on a page.
pub const SESSIONS_DEFAULT: u32 = 50;
/// The size up to which the page of a session or end user contains a whole input or output, in bytes of JSON.
pub const EXCERPT_BYTES: usize = 16 * 1024;
/// The maximum length of a search text, in characters.
pub const SEARCH_CHARS: usize = 200;
/// The maximum number of spans in the response of a search.
pub const SEARCH_SPANS: usize = 1000;
/// The maximum number of a page.
pub const PAGES: u32 = 1_000_000;
/// The maximum number of items on a page.
pub const PAGE_ITEMS: u32 = 100;
/// The default number of traces on a page.
pub const TRACES_DEFAULT: u32 = 50;
/// The default number of recent alerts.
pub const ALERTS_DEFAULT: u32 = 10;
/// The default number of alerts on a page.
pub const ALERTS_PAGE_DEFAULT: u32 = 50;
/// The default number of deliveries of a channel.
pub const DELIVERIES_DEFAULT: u32 = 50;
/// The default number of activities.
pub const ACTIVITY_DEFAULT: u32 = 50;
/// The default number of items of a breakdown.
pub const BREAKDOWN_DEFAULT: u32 = 10;
/// The maximum number of series of a grouped time series: the groups with the most requests.
pub const TIMESERIES_GROUPS: usize = 10;
/// The minimum length of a password, in characters.
pub const PASSWORD_MIN_CHARS: usize = 8;
/// The maximum length of a password, in characters.
pub const PASSWORD_MAX_CHARS: usize = 1024;
/// The maximum number of workspaces of a user.
pub const WORKSPACES: usize = 10;
/// The maximum number of members of a workspace.
pub const MEMBERS: usize = 1000;
/// The maximum number of pending invitations of a workspace.
pub const INVITATIONS: usize = 100;
/// The maximum rate limit of an API key, in requests per minute.
pub const KEY_RATE_LIMIT: u32 = 1_000_000;
/// The maximum number of active API keys of a workspace.
pub const API_KEYS: usize = 100;
/// The maximum number of prices of a workspace.
pub const PRICES: usize = 1000;
/// The maximum price per million tokens, in US dollars.
pub const USD_PER_MILLION: u32 = 1_000_000;
/// The maximum number of concurrent reprices of a workspace.
pub const CONCURRENT_REPRICES: usize = 10;
/// The step and the minimum of the window of an alert rule, in minutes.
pub const ALERT_WINDOW_STEP: u32 = 5;
/// The maximum window of an alert rule, in minutes: 7 days.
pub const ALERT_WINDOW_MINUTES: u32 = 7 * 24 * 60;
/// The maximum number of alert rules of a workspace.
pub const ALERT_RULES: usize = 1000;
/// The maximum number of evaluated groups of an alert rule: groups with alerts first, then those with the most traces.
pub const ALERT_GROUPS: usize = 200;
/// The maximum number of alert channels of a workspace.
pub const ALERT_CHANNELS: usize = 50;
/// The maximum number of pending deliveries of a workspace. Further ones are dropped.
pub const PENDING_DELIVERIES: usize = 1000;
/// The maximum number of alerts that a notification lists.
pub const NOTIFIED_ALERTS: usize = 20;
/// The maximum number of addresses of an e-mail channel.
pub const ALERT_EMAILS: usize = 20;
/// The maximum length of a URL, in bytes.
pub const URL_BYTES: usize = 2048;
