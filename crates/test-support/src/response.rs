//! A complete HTTP response.

use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Response {
    pub async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    /// Returns the value of a header, or an empty string if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        self.to()
    }

    #[track_caller]
    pub fn to<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text))
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Asserts an error with this status and code in the common error format.
    #[track_caller]
    pub fn expect_error(self, status: u16, code: &str) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        let body = self.json();
        assert_eq!(body["code"], code, "{}", self.text);
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{}", self.text);
        let known = ["code", "detail", "fields"];
        assert!(body.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{}", self.text);
        self
    }

    /// Returns the paths of the fields in a 422 response.
    #[track_caller]
    pub fn fields(&self) -> Vec<String> {
        let fields = self.json()["fields"].as_array().cloned().unwrap_or_default();
        fields.iter().map(|field| field["field"].as_str().unwrap().to_owned()).collect()
    }
}
