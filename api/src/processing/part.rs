//! Requests that are written together, and where they came from.

/// Requests with records of one kind, which one transaction writes. `O` is the origin of a request.
#[derive(Debug)]
pub(super) struct Part<O, T> {
    /// The origin of each request.
    pub(super) origins: Vec<O>,
    pub(super) requests: Vec<Vec<T>>,
}

impl<O, T> Default for Part<O, T> {
    fn default() -> Self {
        Self { origins: Vec::new(), requests: Vec::new() }
    }
}

impl<O, T> Part<O, T> {
    pub(super) fn add(&mut self, origin: O, request: Vec<T>) {
        self.origins.push(origin);
        self.requests.push(request);
    }
}
