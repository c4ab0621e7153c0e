//! Registration, login, and who is logged in.

use shared::auth::{LoginRequest, RegisterRequest, TokenResponse, User};

use super::{ApiError, Client};

impl Client {
    /// Makes an account and its workspace.
    pub async fn register(&self, request: &RegisterRequest) -> Result<User, ApiError> {
        self.post("/api/v1/auth/register", request).await
    }

    /// A token for e-mail and password.
    pub async fn login(&self, request: &LoginRequest) -> Result<TokenResponse, ApiError> {
        self.post("/api/v1/auth/login", request).await
    }

    /// A new token for the one this client has.
    pub async fn refresh(&self) -> Result<TokenResponse, ApiError> {
        self.post_empty("/api/v1/auth/refresh").await
    }

    /// Who is logged in.
    pub async fn me(&self) -> Result<User, ApiError> {
        self.get("/api/v1/auth/me", &[]).await
    }
}
