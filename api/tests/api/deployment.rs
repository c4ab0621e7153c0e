//! The server under test as one process: everything embedded.

use std::{collections::HashMap, path::Path};

use api::{
    clock::Clock,
    config::{Config, GrpcPort},
    startup::Application,
};

/// The applications that make up the server, the one that is asked first.
pub struct Deployment {
    pub applications: Vec<Application>,
    /// Where Redis is, whose queue lies between what is acknowledged and what is seen.
    pub redis: Option<String>,
}

impl Deployment {
    pub async fn build(settings: &HashMap<&'static str, String>, folder: &Path, clock: &Clock) -> Self {
        let mut config = Config::read(None, |name| match name {
            "SERVICE_PORT" => Some("0".to_owned()),
            "DATA_DIR" => Some(folder.to_str().unwrap().to_owned()),
            name => settings.get(name).cloned(),
        })
        .unwrap();
        if config.otlp_grpc == GrpcPort::Default {
            config.otlp_grpc = GrpcPort::Set(0);
        }
        let application = Application::build(config, clock.clone()).await.unwrap();
        Self { applications: vec![application], redis: None }
    }
}
