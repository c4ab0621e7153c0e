//! The bounds that both sides know: what a form checks before it sends, the API checks again.

/// Traces in one batch at most.
pub const BATCH_TRACES: usize = 1000;
/// Spans in one trace at most that is sent whole.
pub const TRACE_SPANS: usize = 10_000;
/// Spans of one trace that are kept at most, where they come by themselves and not in one request.
pub const TRACE_LOOSE_SPANS: usize = 20_000;
/// As many more are kept of those that have no parent: a trace's outermost span ends, and comes, last.
pub const TRACE_LOOSE_ROOTS: usize = 1_000;
/// Tags of one trace at most.
pub const TRACE_TAGS: usize = 64;
/// Bytes of an identifier or a name (trace, span, agent, model, session, user, tag) at most.
pub const NAME_BYTES: usize = 256;
/// Bytes of an error message at most.
pub const ERROR_BYTES: usize = 16 * 1024;
/// Bytes of one trace's JSON at most, its spans, input and output included.
pub const TRACE_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of an ingestion request's body at most.
pub const INGEST_BODY_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of any other request's body at most.
pub const BODY_BYTES: usize = 64 * 1024;
/// Levels of nesting that a JSON value may have.
pub const JSON_DEPTH: usize = 64;
/// Days that a custom time range spans at most.
pub const RANGE_DAYS: u64 = 366;
/// Sessions or users, or traces of one of them, where the request says nothing.
pub const THREADS_DEFAULT: u32 = 50;
/// Bytes of JSON of an input or output that the page of a session or user shows whole; of larger ones it shows as much.
pub const EXCERPT_BYTES: usize = 16 * 1024;
/// Characters of a search at most.
pub const SEARCH_CHARS: usize = 200;
/// Spans that a search of a trace answers at most.
pub const SEARCH_SPANS: usize = 1000;
/// Items of one page at most.
pub const PAGE_ITEMS: u32 = 100;
/// Items of a page of traces where the request says nothing.
pub const TRACES_DEFAULT: u32 = 50;
/// The newest alerts where the request says nothing.
pub const ALERTS_DEFAULT: u32 = 10;
/// Alerts of a page where the request says nothing.
pub const ALERTS_PAGE_DEFAULT: u32 = 50;
/// Deliveries of an alert channel where the request says nothing.
pub const DELIVERIES_DEFAULT: u32 = 50;
/// Activities where the request says nothing.
pub const ACTIVITY_DEFAULT: u32 = 50;
/// Rows of a breakdown where the request says nothing.
pub const BREAKDOWN_DEFAULT: u32 = 10;
/// Lines of a grouped time series at most: the groups with the most requests.
pub const TIMESERIES_GROUPS: usize = 10;
/// Characters of a password at least.
pub const PASSWORD_MIN_CHARS: usize = 8;
/// Bytes of a password at most: bcrypt ignores what comes after the 72nd.
pub const PASSWORD_MAX_BYTES: usize = 72;
/// Live API keys of one workspace at most.
pub const API_KEYS: usize = 100;
/// Own prices of one workspace at most.
pub const PRICES: usize = 1000;
/// US dollars that a million tokens may cost at most.
pub const USD_PER_MILLION: u32 = 1_000_000;
/// Pricings anew of one workspace that may be under way at once.
pub const REPRICES_AT_ONCE: usize = 10;
/// Minutes of an alert rule's window are a multiple of this, and at least this.
pub const ALERT_WINDOW_STEP: u32 = 5;
/// Minutes of an alert rule's window at most: 7 days.
pub const ALERT_WINDOW_MINUTES: u32 = 7 * 24 * 60;
/// Alert rules of one workspace at most.
pub const ALERT_RULES: usize = 1000;
/// Groups of one alert rule at most that are evaluated: those that have alerts, then those with the most traces.
pub const ALERT_GROUPS: usize = 200;
/// Alert channels of one workspace at most.
pub const ALERT_CHANNELS: usize = 50;
/// Addresses that an e-mail channel has at most.
pub const ALERT_EMAILS: usize = 20;
/// Bytes of a URL at most.
pub const URL_BYTES: usize = 2048;
