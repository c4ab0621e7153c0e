//! Labels of the audit log: actions, which are `noun.verb`, and actors.

use shared::audit::{Actor, ActorKind};

/// The nouns of actions, and their labels in a filter.
const NOUNS: [(&str, &str); 12] = [
    ("account", "Accounts"),
    ("login_session", "Logins"),
    ("password", "Passwords"),
    ("workspace", "Workspaces"),
    ("member", "Members"),
    ("invitation", "Invitations"),
    ("api_key", "API keys"),
    ("alert", "Alerts"),
    ("alert_rule", "Alert rules"),
    ("alert_channel", "Alert channels"),
    ("price", "Prices"),
    ("reprice", "Recalculated costs"),
];

/// Returns the nouns of actions, and their labels.
#[must_use]
pub fn action_nouns() -> Vec<(String, String)> {
    NOUNS.map(|(noun, label)| (noun.to_owned(), label.to_owned())).to_vec()
}

/// Returns the label of an action: `API key created` for `api_key.create`. Unknown actions are shown as they are.
#[must_use]
pub fn action_label(action: &str) -> String {
    let known = match action {
        "login_session.create" => "Logged in",
        "login_session.end" => "Logged out",
        "login_session.delete" => "Login session ended",
        "member.leave" => "Workspace left",
        "member.update" => "Role changed",
        "member.delete" => "Member removed",
        "workspace.update" => "Workspace renamed",
        "password.update" => "Password changed",
        "invitation.delete" => "Invitation revoked",
        "api_key.delete" => "API key revoked",
        "reprice.create" => "Costs recalculated",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let Some((noun, verb)) = action.split_once('.') else { return action.to_owned() };
    let verb = match verb {
        "create" => "created",
        "update" => "updated",
        "delete" => "deleted",
        "accept" => "accepted",
        "acknowledge" => "acknowledged",
        "test" => "tested",
        "reset" => "reset",
        "invite" => "invited",
        "disable" => "disabled",
        "enable" => "enabled",
        "unlock" => "unlocked",
        _ => return action.to_owned(),
    };
    let noun = noun.replace('_', " ").replace("api", "API");
    let mut letters = noun.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{} {verb}", letters.as_str())
}

/// Returns the label of an actor.
#[must_use]
pub fn actor_label(actor: &Actor) -> String {
    match (actor.kind, &actor.email) {
        (ActorKind::User, Some(email)) => email.clone(),
        (ActorKind::User, None) => "Deleted account".to_owned(),
        (ActorKind::ApiKey, _) => "API key".to_owned(),
        (ActorKind::Operator, _) => "Operator".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_described_in_words() {
        for (action, label) in [
            ("api_key.create", "API key created"),
            ("alert_channel.test", "Alert channel tested"),
            ("account.create", "Account created"),
            ("member.update", "Role changed"),
            ("login_session.create", "Logged in"),
            ("something.new", "something.new"),
            ("new", "new"),
        ] {
            assert_eq!(action_label(action), label);
        }
    }

    #[test]
    fn actors_without_an_email_are_described_by_their_kind() {
        let actor = |kind, email: Option<&str>| Actor { kind, id: None, email: email.map(str::to_owned) };
        assert_eq!(actor_label(&actor(ActorKind::User, Some("ada@example.com"))), "ada@example.com");
        assert_eq!(actor_label(&actor(ActorKind::ApiKey, None)), "API key");
        assert_eq!(actor_label(&actor(ActorKind::Operator, None)), "Operator");
    }
}
