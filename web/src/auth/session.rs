//! What being logged in means, as a state machine that knows neither browser nor clock.

use std::{rc::Rc, time::Duration};

use serde::Serialize;
use shared::{
    Timestamp,
    answer::{FromAnswer, Node},
    auth::TokenResponse,
};
use yew::Reducible;

/// A token with its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Token {
    /// The JWT.
    pub access_token: String,
    /// When it came.
    pub obtained_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl FromAnswer for Token {
    fn from_answer(node: Node<'_>) -> Self {
        Self {
            access_token: node.field("access_token"),
            obtained_at: node.field("obtained_at"),
            expires_at: node.field("expires_at"),
        }
    }
}

impl Token {
    /// The token of an answer that came at `now`.
    pub fn new(response: TokenResponse, now: Timestamp) -> Self {
        let life = Duration::from_secs(response.expires_in);
        Self { access_token: response.access_token, obtained_at: now, expires_at: now + life }
    }

    /// Whether it still holds at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// How long to wait at `now` before asking for a new one: until half of its life is over.
    pub fn renew_in(&self, now: Timestamp) -> Duration {
        let half = self.obtained_at + self.expires_at.since(self.obtained_at) / 2;
        half.since(now)
    }
}

/// How the last session ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// There was none on this page.
    #[default]
    None,
    /// The person logged out.
    LoggedOut,
    /// The API did not take the token any more.
    Refused,
}

/// Logged in or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// The token, while logged in.
    pub token: Option<Token>,
    /// Why there is none.
    pub end: End,
}

/// What happens to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionAction {
    /// A login, or a renewed token.
    Obtained(Token),
    /// The person logs out.
    LogOut,
    /// The API did not take this token.
    Refused(Rc<str>),
    /// Another tab logged in, renewed or logged out.
    Adopted(Option<Token>),
}

impl Reducible for Session {
    type Action = SessionAction;

    fn reduce(self: Rc<Self>, action: SessionAction) -> Rc<Self> {
        match action {
            SessionAction::Obtained(token) => Rc::new(Self { token: Some(token), end: End::None }),
            SessionAction::LogOut => Rc::new(Self { token: None, end: End::LoggedOut }),
            // Ten requests with one token are refused ten times; only the first ends the session, and none ends a
            // session that began meanwhile.
            SessionAction::Refused(token) => match &self.token {
                Some(current) if *current.access_token == *token => {
                    Rc::new(Self { token: None, end: End::Refused })
                }
                _ => self,
            },
            SessionAction::Adopted(token) if token == self.token => self,
            SessionAction::Adopted(Some(token)) => Rc::new(Self { token: Some(token), end: End::None }),
            SessionAction::Adopted(None) => Rc::new(Self { token: None, end: End::LoggedOut }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Token {
        let response =
            TokenResponse { access_token: text.to_owned(), token_type: "bearer".to_owned(), expires_in: 100 };
        Token::new(response, Timestamp::EPOCH)
    }

    fn logged_in(text: &str) -> Rc<Session> {
        Rc::new(Session::default()).reduce(SessionAction::Obtained(token(text)))
    }

    #[test]
    fn a_refused_token_ends_the_session_once() {
        let once = logged_in("a").reduce(SessionAction::Refused("a".into()));
        assert_eq!(*once, Session { token: None, end: End::Refused });
        let twice = Rc::clone(&once).reduce(SessionAction::Refused("a".into()));
        assert!(Rc::ptr_eq(&once, &twice), "the second refusal changes nothing");
    }

    #[test]
    fn a_late_refusal_of_the_old_token_leaves_the_new_session_alone() {
        let session = logged_in("new").reduce(SessionAction::Refused("old".into()));
        assert_eq!(session.token, Some(token("new")));
    }

    #[test]
    fn logging_out_in_another_tab_logs_out_here() {
        let session = logged_in("a").reduce(SessionAction::Adopted(None));
        assert_eq!((session.token.clone(), session.end), (None, End::LoggedOut));
    }

    #[test]
    fn a_token_is_read_as_it_was_kept() {
        let kept = serde_json::to_value(token("a")).unwrap_or_default();
        assert_eq!(shared::answer::read(&kept), Some(token("a")));
    }

    #[test]
    fn a_token_is_renewed_when_half_of_its_life_is_over() {
        let at = |seconds| Timestamp::EPOCH + Duration::from_secs(seconds);
        assert_eq!(token("a").renew_in(at(20)), Duration::from_secs(30));
        assert_eq!(token("a").renew_in(at(70)), Duration::ZERO);
        assert!(token("a").holds(at(99)) && !token("a").holds(at(100)));
    }
}
