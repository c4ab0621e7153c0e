//! Registration, login, and who is logged in.

use shared::auth::{LoginRequest, RegisterRequest, TokenResponse, User};

use super::{Asked, Client};

impl Client {
    /// Makes an account and its workspace.
    pub fn register(&self, request: &RegisterRequest) -> Asked<User> {
        self.post("/api/v1/auth/register", request)
    }

    /// A token for e-mail and password.
    pub fn login(&self, request: &LoginRequest) -> Asked<TokenResponse> {
        self.post("/api/v1/auth/login", request)
    }

    /// A new token for the one this client has.
    pub fn refresh(&self) -> Asked<TokenResponse> {
        self.post_empty("/api/v1/auth/refresh")
    }

    /// Who is logged in.
    pub fn me(&self) -> Asked<User> {
        self.get("/api/v1/auth/me", &[])
    }
}
