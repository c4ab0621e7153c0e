//! Component tests of actions that depend on the role of the account.

use std::rc::Rc;

use shared::{
    access::{Permission, Role},
    auth::User,
};
use uuid::Uuid;
use wasm_bindgen_test::wasm_bindgen_test;
use web::components::permitted::{Account, Permitted};
use yew::prelude::*;

use crate::fixture::{next_render, render};

fn account(role: Option<Role>) -> Account {
    let user = |role| User {
        id: Uuid::nil(),
        email: "ada@example.com".to_owned(),
        full_name: "Ada".to_owned(),
        workspace_id: Uuid::nil(),
        workspace_name: "Acme".to_owned(),
        role,
        workspaces: Vec::new(),
        has_password: true,
    };
    Account { user: role.map(|role| Rc::new(user(role))), error: None, on_refresh: Callback::noop() }
}

fn actions(role: Option<Role>) -> Html {
    html! {
        <ContextProvider<Account> context={account(role)}>
            <Permitted><p class="manage" /></Permitted>
            <Permitted to={Permission::Administer}><p class="administer" /></Permitted>
            <Permitted to={Permission::Read}><p class="read" /></Permitted>
        </ContextProvider<Account>>
    }
}

#[wasm_bindgen_test]
async fn shows_only_the_actions_that_the_role_permits() {
    for (role, shown) in [
        (None, [false, false, false]),
        (Some(Role::Viewer), [false, false, true]),
        (Some(Role::Member), [true, false, true]),
        (Some(Role::Owner), [true, true, true]),
    ] {
        let page = render(actions(role));
        next_render().await;
        let found = [".manage", ".administer", ".read"].map(|selector| page.has(selector));
        assert_eq!(found, shown, "{role:?}");
    }
}
