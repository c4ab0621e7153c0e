//! HTTP requests to the API. Nothing else in the page sends requests.

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use futures_util::{FutureExt, future::LocalBoxFuture};
use gloo_net::http::{Method, Request, RequestBuilder};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use shared::{error::ErrorCode, page::ItemList};
use wasm_bindgen_futures::spawn_local;
use yew::Callback;
use yew_router::query::ToQuery;

use super::ApiError;

/// The body of a request without one.
pub const NO_BODY: Option<&()> = None;

type Pending<T> = LocalBoxFuture<'static, Result<T, ApiError>>;

/// A request in flight. Boxed, so that the properties of a component can name its type.
pub struct ApiRequest<T>(Pending<T>);

impl<T: 'static> ApiRequest<T> {
    fn new(response: Pending<Response>, parse: fn(&Response) -> Result<T, ApiError>) -> Self {
        Self(response.map(move |response| parse(&response?)).boxed_local())
    }

    /// Returns a request that consists of several ones, or of one and what follows it.
    pub fn from_future(response: impl Future<Output = Result<T, ApiError>> + 'static) -> Self {
        Self(response.boxed_local())
    }

    /// Calls `on_success` with the response, if the request succeeds.
    pub fn on_success(self, on_success: impl FnOnce(T) + 'static) -> ApiRequest<()> {
        ApiRequest(self.0.map(|response| response.map(on_success)).boxed_local())
    }

    /// Runs the request in the background, then calls `on_done` with the error message, if it failed.
    pub fn then(self, on_done: Callback<Option<String>>) {
        spawn_local(async move { on_done.emit(self.await.err().map(|error| error.message())) });
    }
}

impl<T> Future for ApiRequest<T> {
    type Output = Result<T, ApiError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

/// A client with the credentials of one session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Client {
    token: Option<Rc<str>>,
    on_token_rejected: Callback<Rc<str>>,
    bypass_cache: bool,
}

impl Client {
    /// Creates a client that sends `token`. `on_token_rejected` gets the token when the API rejects it.
    #[must_use]
    pub fn new(token: Option<Rc<str>>, on_token_rejected: Callback<Rc<str>>) -> Self {
        Self { token, on_token_rejected, bypass_cache: false }
    }

    /// Sets whether GET requests bypass the cache of the API.
    #[must_use]
    pub fn bypassing_cache(mut self, bypass: bool) -> Self {
        self.bypass_cache = bypass;
        self
    }

    /// Sends GET. Absent values are left out of the query.
    pub fn get<T: DeserializeOwned + 'static>(&self, path: &str, query: &impl Serialize) -> ApiRequest<T> {
        ApiRequest::new(self.fetch(path, query), Response::parse)
    }

    /// Sends GET for a list. Its items are parsed one by one: code for lists of each type would be large.
    pub fn get_list<T: DeserializeOwned + 'static>(
        &self,
        path: &str,
        query: &impl Serialize,
    ) -> ApiRequest<ItemList<T>> {
        ApiRequest::new(self.fetch(path, query), |response| {
            let (items, total) = response.parse_list()?;
            let item = |item: &RawValue| response.parse_text(item.get());
            Ok(ItemList { items: items.into_iter().map(item).collect::<Result<_, _>>()?, total })
        })
    }

    /// Sends GET and returns the parsed response and its text.
    pub fn get_with_text<T: DeserializeOwned + 'static>(&self, path: &str) -> ApiRequest<(T, String)> {
        ApiRequest::new(self.fetch(path, &()), |response| Ok((response.parse()?, response.text.clone())))
    }

    /// Sends POST with a JSON body.
    pub fn post<T: DeserializeOwned + 'static>(&self, path: &str, body: &impl Serialize) -> ApiRequest<T> {
        ApiRequest::new(self.send(self.request(Method::POST, path).json(body)), Response::parse)
    }

    /// Sends POST without a body.
    pub fn post_empty<T: DeserializeOwned + 'static>(&self, path: &str) -> ApiRequest<T> {
        ApiRequest::new(self.send(self.request(Method::POST, path).build()), Response::parse)
    }

    /// Sends a request with a JSON body, if any, and discards the response body.
    pub fn execute(&self, method: Method, path: &str, body: Option<&impl Serialize>) -> ApiRequest<()> {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.json(body),
            None => request.build(),
        };
        ApiRequest::new(self.send(request), |_| Ok(()))
    }

    /// Sends DELETE.
    pub fn delete(&self, path: &str) -> ApiRequest<()> {
        self.execute(Method::DELETE, path, NO_BODY)
    }

    fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let request = RequestBuilder::new(url).method(method).header("Accept", "application/json");
        match &self.token {
            Some(token) => request.header("Authorization", &format!("Bearer {token}")),
            None => request,
        }
    }

    fn fetch(&self, path: &str, query: &impl Serialize) -> Pending<Response> {
        let mut request = self.request(Method::GET, &url(path, query));
        if self.bypass_cache {
            request = request.header("Cache-Control", "no-cache");
        }
        self.send(request.build())
    }

    fn send(&self, request: Result<Request, gloo_net::Error>) -> Pending<Response> {
        let client = self.clone();
        Box::pin(async move {
            let response = request
                .map_err(|_| ApiError::Unreachable)?
                .send()
                .await
                .map_err(|_| ApiError::Unreachable)?;
            let (is_ok, status) = (response.ok(), response.status());
            let text = response.text().await.map_err(|_| ApiError::Unreachable)?;
            if is_ok { Ok(Response { status, text }) } else { Err(client.response_error(status, &text)) }
        })
    }

    /// Returns the error of a rejected request, and reports the token if it is invalid.
    fn response_error(&self, status: u16, text: &str) -> ApiError {
        let error = serde_json::from_str(text).map_or(ApiError::Unreadable { status }, ApiError::Rejected);
        // A wrong password is a 401 as well, but does not invalidate the token.
        if let Some(token) = &self.token
            && status == 401
            && error.code() != Some(ErrorCode::InvalidCredentials)
        {
            self.on_token_rejected.emit(Rc::clone(token));
        }
        error
    }
}

/// A successful response.
struct Response {
    status: u16,
    text: String,
}

impl Response {
    fn parse<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        self.parse_text(&self.text)
    }

    fn parse_list(&self) -> Result<(Vec<&RawValue>, u64), ApiError> {
        let list: ItemList<&RawValue> = self.parse_text(&self.text)?;
        Ok((list.items, list.total))
    }

    fn parse_text<'a, T: Deserialize<'a>>(&self, text: &'a str) -> Result<T, ApiError> {
        serde_json::from_str(text).map_err(|_| ApiError::Unreadable { status: self.status })
    }
}

/// Returns `path` with `query`, which is a flat struct or a tuple of pairs.
fn url(path: &str, query: &impl Serialize) -> String {
    match query.to_query() {
        Ok(query) if !query.is_empty() => format!("{path}?{query}"),
        _ => path.to_owned(),
    }
}

/// Returns the path of an item of the list at `list`, followed by `rest`.
pub fn item(list: &str, id: &str, rest: &str) -> String {
    format!("{list}/{}{rest}", js_sys::encode_uri_component(id))
}

#[cfg(test)]
mod tests {
    use shared::{alert::Severity, trace::TraceListQuery};

    use super::*;

    #[test]
    fn queries_leave_out_absent_values() {
        assert_eq!(url("/alerts", &()), "/alerts");
        assert_eq!(url("/traces", &TraceListQuery::default()), "/traces");
        let severity = Some(Severity::Critical);
        let query = (("state", "open"), ("severity", severity), ("cursor", None::<&str>), ("limit", 5));
        assert_eq!(url("/alerts", &query), "/alerts?state=open&severity=critical&limit=5");
        assert_eq!(url("/search", &[("q", "a&b=c +ü%")]), "/search?q=a%26b%3Dc+%2B%C3%BC%25");
    }

    #[test]
    fn unreadable_responses_are_errors() {
        let parse = |text: &str| Response { status: 200, text: text.to_owned() }.parse::<Vec<u32>>();
        assert_eq!(parse("[1]"), Ok(vec![1]));
        for text in ["", "{", "[4294967296]", "[-1]", "[null]", "{}"] {
            assert_eq!(parse(text), Err(ApiError::Unreadable { status: 200 }), "{text}");
        }
    }
}
