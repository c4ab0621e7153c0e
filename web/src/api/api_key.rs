//! API keys.

use shared::{
    api_key::{ApiKey, CreateApiKeyRequest, CreateApiKeyResponse},
    page::ItemList,
};

use super::{Asked, Client, client::segment};

impl Client {
    /// The workspace's keys.
    pub fn api_keys(&self) -> Asked<ItemList<ApiKey>> {
        self.get("/api/v1/api-keys", &[])
    }

    /// A new key; the answer is the only one that holds it.
    pub fn create_api_key(&self, request: &CreateApiKeyRequest) -> Asked<CreateApiKeyResponse> {
        self.post("/api/v1/api-keys", request)
    }

    /// Ends a key for good.
    pub fn revoke_api_key(&self, id: &str) -> Asked<()> {
        self.delete(&format!("/api/v1/api-keys/{}", segment(id)))
    }
}
