//! API keys.

use shared::{
    api_key::{ApiKey, CreateApiKeyRequest, CreateApiKeyResponse},
    page::ItemList,
};

use super::{ApiError, Client, client::segment};

impl Client {
    /// The workspace's keys.
    pub async fn api_keys(&self) -> Result<ItemList<ApiKey>, ApiError> {
        self.get("/api/v1/api-keys", &[]).await
    }

    /// A new key; the answer is the only one that holds it.
    pub async fn create_api_key(
        &self,
        request: &CreateApiKeyRequest,
    ) -> Result<CreateApiKeyResponse, ApiError> {
        self.post("/api/v1/api-keys", request).await
    }

    /// Ends a key for good.
    pub async fn revoke_api_key(&self, id: &str) -> Result<(), ApiError> {
        self.delete(&format!("/api/v1/api-keys/{}", segment(id))).await
    }
}
