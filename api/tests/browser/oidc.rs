//! Login over OpenID Connect, at a real provider.

use serde_json::json;

use crate::stage::browse_with_provider;
use test_support::page::{button, field, link, text};

#[tokio::test]
async fn logs_in_at_the_provider_and_returns_to_the_requested_page() {
    browse_with_provider(&[], async |page, _| {
        page.open("/traces?range=7d").await;
        page.find(&field("Password")).await;
        page.click(&link("Log in with single sign-on")).await;
        // The pages of the provider: the login, then the consent.
        page.click("//input[@name='login']").await;
        page.run(
            "document.querySelector('[name=login]').value = 'ada';
            document.querySelector('[name=password]').value = 'any';
            document.querySelector('[type=submit]').click();",
        )
        .await;
        page.click("//form//*[@type='submit' and contains(., 'Continue')]").await;
        page.expect_path("/traces?range=7d").await;
        page.expect_script("the code is not in the address", "return location.hash === '';").await;

        page.open("/settings/profile").await;
        page.find(&text("ada@example.com")).await;
        page.expect_absent(&button("Change password")).await;
        page.click("//button[starts-with(@aria-label, 'Account:')]").await;
        page.click(&button("Log out")).await;
        page.expect_path("/login").await;
    })
    .await;
}

#[tokio::test]
async fn a_failed_login_says_why_and_passwords_can_be_disabled() {
    browse_with_provider(&[("PASSWORD_LOGIN", "off")], async |page, _| {
        page.open("/login#error=not_allowed").await;
        let alert = page.find("//*[@role='alert']").await.text().await.unwrap();
        assert!(alert.contains("not allowed"), "{alert}");
        page.find(&link("Log in with single sign-on")).await;
        page.expect_absent(&field("Password")).await;
        page.expect_absent(&link("Forgot password?")).await;
    })
    .await;
}

/// Claims by login.
pub fn accounts() -> serde_json::Value {
    json!({"ada": {"email": "ada@example.com", "email_verified": true, "name": "Ada"}})
}
