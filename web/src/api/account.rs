//! Registration, login, and the current account.

use shared::auth::{LoginRequest, RegisterRequest, TokenResponse, User};

use super::{ApiRequest, Client};

impl Client {
    /// Creates an account and its workspace.
    pub fn register(&self, request: &RegisterRequest) -> ApiRequest<User> {
        self.post("/api/v1/auth/register", request)
    }

    /// Gets a token for an e-mail address and a password.
    pub fn login(&self, request: &LoginRequest) -> ApiRequest<TokenResponse> {
        self.post("/api/v1/auth/login", request)
    }

    /// Gets a new token in exchange for the current one.
    pub fn refresh(&self) -> ApiRequest<TokenResponse> {
        self.post_empty("/api/v1/auth/refresh")
    }

    /// Gets the current account.
    pub fn get_account(&self) -> ApiRequest<User> {
        self.get("/api/v1/auth/me", &())
    }
}
