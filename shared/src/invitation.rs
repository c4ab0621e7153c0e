//! Invitations to a workspace.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Timestamp, access::Role, auth::check_email, error::FieldError};

/// The settings of a new invitation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateInvitationRequest {
    /// The role of the new member.
    pub role: Role,
    /// The only e-mail address that may accept. Absent: anyone with the link.
    #[cfg_attr(feature = "openapi", schema(min_length = 3, max_length = 254))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl CreateInvitationRequest {
    /// Returns an error for every invalid field.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        FieldError::all(self.email.iter().map(|email| ("email", check_email(email))))
    }
}

/// An invitation that has not been accepted yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invitation {
    /// The id.
    pub id: Uuid,
    /// The role of the new member.
    pub role: Role,
    /// The only e-mail address that may accept. Absent: anyone with the link.
    pub email: Option<String>,
    /// The time of the creation.
    pub created_at: Timestamp,
    /// When the invitation expires.
    pub expires_at: Timestamp,
}

/// A new invitation. Only this response contains the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateInvitationResponse {
    /// The id.
    pub id: Uuid,
    /// The token, valid once.
    pub token: String,
    /// The page that accepts the invitation, with the token. Relative to the server without `PUBLIC_URL`.
    pub url: String,
    /// When the invitation expires.
    pub expires_at: Timestamp,
    /// Whether the invitation was sent by e-mail.
    pub is_sent: bool,
}

/// The token of an invitation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct InvitationToken {
    /// The token.
    #[cfg_attr(feature = "openapi", param(max_length = 256))]
    pub token: String,
}

/// What an invitation offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationInfo {
    /// The name of the workspace.
    pub workspace_name: String,
    /// The role of the new member.
    pub role: Role,
    /// The only e-mail address that may accept. Absent: anyone with the link.
    pub email: Option<String>,
    /// Whether an account with that e-mail address exists, which should log in instead of registering.
    pub has_account: bool,
}
