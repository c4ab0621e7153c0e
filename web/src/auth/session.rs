//! The login session as a state machine. Independent of the browser and the clock.

use std::{rc::Rc, time::Duration};

use serde::{Deserialize, Serialize};
use shared::{Timestamp, auth::TokenResponse};
use yew::Reducible;

/// A token and its lifetime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The JWT.
    pub access_token: String,
    /// The time of the response that contained it.
    pub obtained_at: Timestamp,
    /// The time at which it expires.
    pub expires_at: Timestamp,
}

impl Token {
    /// Creates the token of a response received at `now`.
    pub fn new(response: TokenResponse, now: Timestamp) -> Self {
        let lifetime = Duration::from_secs(response.expires_in);
        Self { access_token: response.access_token, obtained_at: now, expires_at: now + lifetime }
    }

    /// Returns whether it has not expired at `now`.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// Returns the time from `now` until it should be renewed: after half of its lifetime.
    pub fn renew_in(&self, now: Timestamp) -> Duration {
        let half_life = self.obtained_at + self.expires_at.since(self.obtained_at) / 2;
        half_life.since(now)
    }
}

/// How the last session ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionEnd {
    /// There was no session on this page.
    #[default]
    None,
    /// The user logged out.
    LoggedOut,
    /// The API rejected the token.
    Rejected,
}

/// The state of the login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// The token; absent when logged out.
    pub token: Option<Token>,
    /// Why the last session ended.
    pub end: SessionEnd,
}

/// A change of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionAction {
    /// A login, or a renewed token.
    Obtained(Token),
    /// The user logs out.
    LogOut,
    /// The API rejected this token.
    Rejected(Rc<str>),
    /// Another tab logged in, renewed the token, or logged out.
    ChangedInOtherTab(Option<Token>),
}

impl Reducible for Session {
    type Action = SessionAction;

    fn reduce(self: Rc<Self>, action: SessionAction) -> Rc<Self> {
        match action {
            SessionAction::ChangedInOtherTab(token) if token == self.token => self,
            SessionAction::Obtained(token) | SessionAction::ChangedInOtherTab(Some(token)) => {
                Rc::new(Self { token: Some(token), end: SessionEnd::None })
            }
            SessionAction::LogOut | SessionAction::ChangedInOtherTab(None) => {
                Rc::new(Self { token: None, end: SessionEnd::LoggedOut })
            }
            // Concurrent requests with one token are all rejected. Only the first rejection ends the session, and none ends
            // a session that started later.
            SessionAction::Rejected(token) => match &self.token {
                Some(current) if *current.access_token == *token => {
                    Rc::new(Self { token: None, end: SessionEnd::Rejected })
                }
                _ => self,
            },
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
    fn a_rejected_token_ends_the_session_once() {
        let once = logged_in("a").reduce(SessionAction::Rejected("a".into()));
        assert_eq!(*once, Session { token: None, end: SessionEnd::Rejected });
        let twice = Rc::clone(&once).reduce(SessionAction::Rejected("a".into()));
        assert!(Rc::ptr_eq(&once, &twice), "the second rejection changes nothing");
    }

    #[test]
    fn a_late_rejection_of_an_old_token_does_not_end_the_new_session() {
        let session = logged_in("new").reduce(SessionAction::Rejected("old".into()));
        assert_eq!(session.token, Some(token("new")));
    }

    #[test]
    fn logging_out_in_another_tab_logs_out_here() {
        let session = logged_in("a").reduce(SessionAction::ChangedInOtherTab(None));
        assert_eq!((session.token.clone(), session.end), (None, SessionEnd::LoggedOut));
    }

    #[test]
    fn a_token_survives_serialization() {
        let stored = serde_json::to_value(token("a")).unwrap_or_default();
        assert_eq!(serde_json::from_value(stored).ok(), Some(token("a")));
    }

    #[test]
    fn a_token_is_renewed_after_half_of_its_lifetime() {
        let at = |seconds| Timestamp::EPOCH + Duration::from_secs(seconds);
        assert_eq!(token("a").renew_in(at(20)), Duration::from_secs(30));
        assert_eq!(token("a").renew_in(at(70)), Duration::ZERO);
        assert!(token("a").is_valid(at(99)) && !token("a").is_valid(at(100)));
    }
}
