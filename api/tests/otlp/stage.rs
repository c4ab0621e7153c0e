//! A server with somebody's workspace and key, as a client finds it.

use crate::library::Library;
use test_support::server::{self, Member, Server};

pub struct Stage {
    pub server: Server,
    pub member: Member,
    pub key: String,
}

impl Stage {
    pub async fn new() -> Self {
        Self::on(server::spawn_live().await, "ada").await
    }

    /// The same on this server, for somebody of this name.
    pub async fn on(server: Server, name: &str) -> Self {
        let member = server.member(name).await;
        let (_, key) = server.key_of(&member).await;
        let key = key.token().to_owned();
        Self { server, member, key }
    }

    /// The library sends here, by HTTP.
    pub fn by_http(&self, library: Library, protocol: &str) -> Library {
        library.sending_to(&self.server.url, protocol, &self.bearer())
    }

    /// The library sends here, by gRPC.
    pub fn by_grpc(&self, library: Library) -> Library {
        library.sending_to(&self.server.grpc, "grpc", &self.bearer())
    }

    /// The key as `OTEL_EXPORTER_OTLP_HEADERS` takes it: a space is `%20` there.
    pub fn bearer(&self) -> String {
        format!("Authorization=Bearer%20{}", self.key)
    }
}
