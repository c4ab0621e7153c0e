//! Requests that a form or a button sends.

use std::future::Future;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::api::{ApiError, ApiRequest};

/// A request of a form: whether it is in flight, and the error of the last one.
#[derive(Clone)]
pub struct Submission<E: 'static> {
    /// Whether a request is in flight.
    pub busy: UseStateHandle<bool>,
    /// The error of the last request or of the validation before it.
    pub error: UseStateHandle<E>,
    describe: fn(&ApiError) -> E,
}

/// Returns a form without an error. `describe` converts the error of a request for the form.
#[hook]
pub fn use_submission<E: Default + 'static>(describe: fn(&ApiError) -> E) -> Submission<E> {
    Submission { busy: use_state(|| false), error: use_state(E::default), describe }
}

impl<E: Clone + Default> Submission<E> {
    /// Sends `request`, then calls `on_success` with the response or sets the error.
    pub fn send<T: 'static>(
        &self,
        request: impl Future<Output = Result<T, ApiError>> + 'static,
        on_success: impl FnOnce(T) + 'static,
    ) {
        let submission = self.clone();
        submission.busy.set(true);
        spawn_local(async move {
            match request.await {
                Ok(response) => {
                    submission.error.set(E::default());
                    on_success(response);
                }
                Err(error) => submission.error.set((submission.describe)(&error)),
            }
            submission.busy.set(false);
        });
    }
}

/// Returns a callback that sends a request of a button, and the error message of the last one. `on_done` is called after
/// each request, successful or not.
#[hook]
pub fn use_action<T: 'static>(on_done: Callback<()>) -> (Callback<ApiRequest<T>>, Option<String>) {
    let error = use_state(|| None);
    let setter = error.setter();
    let send = Callback::from(move |request: ApiRequest<T>| {
        let (setter, on_done) = (setter.clone(), on_done.clone());
        request.then(Callback::from(move |message| {
            setter.set(message);
            on_done.emit(());
        }));
    });
    (send, (*error).clone())
}
