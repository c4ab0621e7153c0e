//! Requests and answers: the only place that speaks HTTP.

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use gloo_net::http::{Method, RequestBuilder};
use serde::Serialize;
use serde_json::Value;
use shared::{answer::FromAnswer, error::ErrorCode};
use wasm_bindgen_futures::spawn_local;
use yew::Callback;

use super::{ApiError, answer};
use crate::json;

/// An answer's status and text, on their way. Boxed, so that what sends and receives is in the binary once and not in
/// the future of every caller.
type Text = Pin<Box<dyn Future<Output = Result<(u16, String), ApiError>>>>;

/// An answer on its way. No `async fn` makes one: waiting is in the binary once, and not anew for every question.
pub struct Asked<T> {
    text: Text,
    read: fn(&(u16, String)) -> Result<T, ApiError>,
}

impl<T> Future for Asked<T> {
    type Output = Result<T, ApiError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let text = ready!(self.text.as_mut().poll(context))?;
        Poll::Ready((self.read)(&text))
    }
}

impl Asked<()> {
    /// Waits for it, and says what went wrong, if anything did.
    pub fn then(self, on_done: Callback<Option<String>>) {
        spawn_local(async move { on_done.emit(self.await.err().map(|reason| reason.message())) });
    }
}

/// Asks the API in somebody's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Client {
    token: Option<Rc<str>>,
    on_refused: Callback<Rc<str>>,
    bypass_cache: bool,
}

impl Client {
    /// A client for `token`; where the API does not take it any more, `on_refused` gets it.
    #[must_use]
    pub fn new(token: Option<Rc<str>>, on_refused: Callback<Rc<str>>) -> Self {
        Self { token, on_refused, bypass_cache: false }
    }

    /// The same client; `bypass` makes the API answer from the database.
    #[must_use]
    pub fn bypassing_cache(mut self, bypass: bool) -> Self {
        self.bypass_cache = bypass;
        self
    }

    /// GET. Pairs without a value are left out.
    pub fn get<T: FromAnswer>(&self, path: &str, query: &[(&str, Option<&str>)]) -> Asked<T> {
        Asked { text: self.ask(path, query), read }
    }

    fn ask(&self, path: &str, query: &[(&str, Option<&str>)]) -> Text {
        let query = query.iter().filter_map(|(name, value)| value.map(|value| (*name, value)));
        let mut request = self.request(Method::GET, path).query(query);
        if self.bypass_cache {
            request = request.header("Cache-Control", "no-cache");
        }
        self.send(request, None)
    }

    /// GET, with the answer as it came beside what it says.
    pub fn get_with_text<T: FromAnswer>(&self, path: &str) -> Asked<(T, String)> {
        Asked { text: self.ask(path, &[]), read: |answer| read(answer).map(|said| (said, answer.1.clone())) }
    }

    /// POST with a JSON body.
    pub fn post<B: Serialize, T: FromAnswer>(&self, path: &str, body: &B) -> Asked<T> {
        self.post_json(path, &json::value(body))
    }

    /// POST with what is JSON already.
    pub fn post_json<T: FromAnswer>(&self, path: &str, body: &Value) -> Asked<T> {
        Asked { text: self.ask_with(Method::POST, path, Some(body)), read }
    }

    /// Asks for something to be done; what that answers does not matter.
    pub fn act(&self, method: Method, path: &str, body: Option<&Value>) -> Asked<()> {
        Asked { text: self.ask_with(method, path, body), read: |_| Ok(()) }
    }

    fn ask_with(&self, method: Method, path: &str, body: Option<&Value>) -> Text {
        let mut request = self.request(method, path);
        if body.is_some() {
            request = request.header("Content-Type", "application/json");
        }
        self.send(request, body.map(json::text))
    }

    /// POST with nothing in it.
    pub fn post_empty<T: FromAnswer>(&self, path: &str) -> Asked<T> {
        Asked { text: self.send(self.request(Method::POST, path), None), read }
    }

    /// DELETE; the answer is empty.
    pub fn delete(&self, path: &str) -> Asked<()> {
        self.act(Method::DELETE, path, None)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = RequestBuilder::new(path).method(method).header("Accept", "application/json");
        match &self.token {
            Some(token) => request.header("Authorization", &format!("Bearer {token}")),
            None => request,
        }
    }

    fn send(&self, request: RequestBuilder, body: Option<String>) -> Text {
        Box::pin(self.clone().sent(request, body))
    }

    async fn sent(self, request: RequestBuilder, body: Option<String>) -> Result<(u16, String), ApiError> {
        let request = match body {
            Some(body) => request.body(body),
            None => request.build(),
        };
        let response = request.map_err(|_| ApiError::Offline)?.send().await.map_err(|_| ApiError::Offline)?;
        let status = response.status();
        let text = response.text().await.map_err(|_| ApiError::Offline)?;
        if response.ok() {
            return Ok((status, text));
        }
        let error = answer::read(&text).map_or(ApiError::Unreadable { status }, ApiError::Refused);
        // A wrong password is also a 401, but says nothing of the token.
        if let Some(token) = &self.token
            && status == 401
            && error.code() != Some(ErrorCode::InvalidCredentials)
        {
            self.on_refused.emit(Rc::clone(token));
        }
        Err(error)
    }
}

fn read<T: FromAnswer>((status, text): &(u16, String)) -> Result<T, ApiError> {
    answer::read(text).ok_or(ApiError::Unreadable { status: *status })
}

/// `text` as one segment of a path.
pub fn segment(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}
