//! Registration, login, passwords, login sessions, and the current account.

use gloo_net::http::Method;
use shared::{
    auth::{
        ChangePasswordRequest, DeleteAccountRequest, ForgotPasswordRequest, LoginOptions, LoginRequest,
        LoginSession, OidcTokenRequest, RegisterRequest, ResetPasswordRequest, TokenResponse,
        UpdateAccountRequest, User,
    },
    page::ItemList,
};

use super::{
    ApiRequest, Client,
    client::{NO_BODY, item},
};

const ACCOUNT: &str = "/api/v1/auth/me";
const SESSIONS: &str = "/api/v1/auth/sessions";

impl Client {
    /// Gets who may register, and whether the server sends e-mails.
    pub fn get_login_options(&self) -> ApiRequest<LoginOptions> {
        self.get("/api/v1/auth/options", &())
    }

    /// Creates an account: with its workspace, or by invitation.
    pub fn register(&self, request: &RegisterRequest) -> ApiRequest<()> {
        self.execute(Method::POST, "/api/v1/auth/register", Some(request))
    }

    /// Gets a token for an e-mail address and a password.
    pub fn login(&self, request: &LoginRequest) -> ApiRequest<TokenResponse> {
        self.post("/api/v1/auth/login", request)
    }

    /// Gets a token for the code of a login over OpenID Connect.
    pub fn create_oidc_token(&self, request: &OidcTokenRequest) -> ApiRequest<TokenResponse> {
        self.post("/api/v1/auth/oidc/token", request)
    }

    /// Gets a new token in exchange for the current one.
    pub fn refresh(&self) -> ApiRequest<TokenResponse> {
        self.post_empty("/api/v1/auth/refresh")
    }

    /// Ends the current login session.
    pub fn log_out(&self) -> ApiRequest<()> {
        self.execute(Method::POST, "/api/v1/auth/logout", NO_BODY)
    }

    /// Ends all login sessions of the account.
    pub fn log_out_everywhere(&self) -> ApiRequest<()> {
        self.execute(Method::POST, "/api/v1/auth/logout-all", NO_BODY)
    }

    /// Lists the login sessions of the account, the last used first.
    pub fn list_login_sessions(&self) -> ApiRequest<ItemList<LoginSession>> {
        self.get_list(SESSIONS, &())
    }

    /// Ends a login session of the account.
    pub fn delete_login_session(&self, id: &str) -> ApiRequest<()> {
        self.delete(&item(SESSIONS, id, ""))
    }

    /// Gets the current account.
    pub fn get_account(&self) -> ApiRequest<User> {
        self.get(ACCOUNT, &())
    }

    /// Updates the current account.
    pub fn update_account(&self, request: &UpdateAccountRequest) -> ApiRequest<()> {
        self.execute(Method::PATCH, ACCOUNT, Some(request))
    }

    /// Deletes the current account.
    pub fn delete_account(&self, request: &DeleteAccountRequest) -> ApiRequest<()> {
        self.execute(Method::DELETE, ACCOUNT, Some(request))
    }

    /// Changes the password, and ends all other login sessions.
    pub fn update_password(&self, request: &ChangePasswordRequest) -> ApiRequest<()> {
        self.execute(Method::POST, "/api/v1/auth/password", Some(request))
    }

    /// Requests an e-mail with a link that resets a password.
    pub fn forgot_password(&self, request: &ForgotPasswordRequest) -> ApiRequest<()> {
        self.execute(Method::POST, "/api/v1/auth/password/forgot", Some(request))
    }

    /// Sets a new password with the token of such a link.
    pub fn reset_password(&self, request: &ResetPasswordRequest) -> ApiRequest<()> {
        self.execute(Method::POST, "/api/v1/auth/password/reset", Some(request))
    }
}
