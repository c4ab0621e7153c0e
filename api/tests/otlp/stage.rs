//! A server with a workspace and an API key for the clients.

use crate::script::Script;
use test_support::server::{self, Member, Server};

pub struct Stage {
    pub server: Server,
    pub member: Member,
    pub key: String,
}

impl Stage {
    pub async fn new() -> Self {
        Self::on(server::spawn_with_system_clock().await, "ada").await
    }

    /// Creates an account of this name and an API key on this server.
    pub async fn on(server: Server, name: &str) -> Self {
        let member = server.member(name).await;
        let (_, key) = server.key_of(&member).await;
        let key = key.token().to_owned();
        Self { server, member, key }
    }

    /// Configures the script to send here over HTTP.
    pub fn by_http(&self, script: Script, protocol: &str) -> Script {
        script.sending_to(&self.server.url, protocol, &self.bearer())
    }

    /// Configures the script to send here over gRPC.
    pub fn by_grpc(&self, script: Script) -> Script {
        script.sending_to(&self.server.grpc, "grpc", &self.bearer())
    }

    /// Returns the header with the key for `OTEL_EXPORTER_OTLP_HEADERS`, in which a space is `%20`.
    pub fn bearer(&self) -> String {
        format!("Authorization=Bearer%20{}", self.key)
    }
}
