//! API keys.

use shared::{
    api_key::{ApiKey, CreateApiKeyRequest, CreateApiKeyResponse},
    page::ItemList,
};

use super::{ApiRequest, Client, client::item};

const KEYS: &str = "/api/v1/api-keys";

impl Client {
    /// Lists the keys of the workspace.
    pub fn list_api_keys(&self) -> ApiRequest<ItemList<ApiKey>> {
        self.get_list(KEYS, &())
    }

    /// Creates a key. Only this response contains the key itself.
    pub fn create_api_key(&self, request: &CreateApiKeyRequest) -> ApiRequest<CreateApiKeyResponse> {
        self.post(KEYS, request)
    }

    /// Revokes a key permanently.
    pub fn revoke_api_key(&self, id: &str) -> ApiRequest<()> {
        self.delete(&item(KEYS, id, ""))
    }
}
