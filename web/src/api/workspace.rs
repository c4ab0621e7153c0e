//! Workspaces and their members.

use gloo_net::http::Method;
use shared::{
    access::Role,
    auth::TokenResponse,
    page::ItemList,
    workspace::{Member, SwitchRequest, UpdateMemberRequest, Workspace, WorkspaceRequest},
};
use uuid::Uuid;

use super::{ApiRequest, Client, client::item};

const WORKSPACES: &str = "/api/v1/workspaces";
const MEMBERS: &str = "/api/v1/members";

impl Client {
    /// Creates a workspace that the account owns.
    pub fn create_workspace(&self, request: &WorkspaceRequest) -> ApiRequest<Workspace> {
        self.post(WORKSPACES, request)
    }

    /// Renames the current workspace.
    pub fn update_workspace(&self, id: Uuid, request: &WorkspaceRequest) -> ApiRequest<()> {
        self.execute(Method::PATCH, &item(WORKSPACES, &id.to_string(), ""), Some(request))
    }

    /// Gets a token for another workspace of the account.
    pub fn switch_workspace(&self, workspace_id: Uuid) -> ApiRequest<TokenResponse> {
        self.post("/api/v1/auth/switch", &SwitchRequest { workspace_id })
    }

    /// Lists the members of the workspace, by e-mail.
    pub fn list_members(&self) -> ApiRequest<ItemList<Member>> {
        self.get_list(MEMBERS, &())
    }

    /// Changes the role of a member.
    pub fn update_member(&self, user_id: Uuid, role: Role) -> ApiRequest<()> {
        let path = item(MEMBERS, &user_id.to_string(), "");
        self.execute(Method::PATCH, &path, Some(&UpdateMemberRequest { role }))
    }

    /// Removes a member.
    pub fn delete_member(&self, user_id: Uuid) -> ApiRequest<()> {
        self.delete(&item(MEMBERS, &user_id.to_string(), ""))
    }

    /// Leaves the workspace.
    pub fn leave_workspace(&self) -> ApiRequest<()> {
        self.delete(&item(MEMBERS, "me", ""))
    }
}
