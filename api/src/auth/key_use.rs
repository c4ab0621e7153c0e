//! Stores when API keys were last used.

use std::time::Duration;

use store::StoreError;

use super::credential::Credentials;
use crate::job::{Job, Stop};

/// The time between two writes.
const INTERVAL: Duration = Duration::from_secs(30);

/// Stores the uses of API keys that these credentials have recorded, and once more when the process stops.
#[derive(Clone, Debug)]
pub struct SaveKeyUses(pub Credentials);

impl Job for SaveKeyUses {
    const NAME: &'static str = "api_key_uses";
    const HAS_FINAL_RUN: bool = true;

    fn interval(&self) -> Duration {
        INTERVAL
    }

    async fn run(&self, _: &Stop) -> Result<(), StoreError> {
        self.0.save_uses().await
    }
}
