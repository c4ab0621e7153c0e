//! Invitations to a workspace.

use shared::{
    auth::TokenResponse,
    invitation::{
        CreateInvitationRequest, CreateInvitationResponse, Invitation, InvitationInfo, InvitationToken,
    },
    page::ItemList,
};

use super::{ApiRequest, Client, client::item};

const INVITATIONS: &str = "/api/v1/invitations";

impl Client {
    /// Lists the pending invitations of the workspace, newest first.
    pub fn list_invitations(&self) -> ApiRequest<ItemList<Invitation>> {
        self.get_list(INVITATIONS, &())
    }

    /// Creates an invitation. Only this response contains its link.
    pub fn create_invitation(
        &self,
        request: &CreateInvitationRequest,
    ) -> ApiRequest<CreateInvitationResponse> {
        self.post(INVITATIONS, request)
    }

    /// Revokes a pending invitation.
    pub fn delete_invitation(&self, id: &str) -> ApiRequest<()> {
        self.delete(&item(INVITATIONS, id, ""))
    }

    /// Gets what an invitation offers.
    pub fn get_invitation(&self, token: &InvitationToken) -> ApiRequest<InvitationInfo> {
        self.get("/api/v1/invitations/lookup", token)
    }

    /// Accepts an invitation, and gets a token for its workspace.
    pub fn accept_invitation(&self, token: &InvitationToken) -> ApiRequest<TokenResponse> {
        self.post("/api/v1/invitations/accept", token)
    }
}
