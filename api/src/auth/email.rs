//! Rules for the e-mails of new accounts: addresses that look alike must not be different accounts.

use shared::auth::check_email;
use store::account::normalize_email;
use unicode_security::MixedScript;

/// The e-mail of the demo account, which does not count as the first account.
pub const DEMO_EMAIL: &str = "demo@agent-obs.local";

/// Checks the form of an e-mail, and that no label in it contains invisible characters or mixes scripts.
///
/// # Errors
/// Returns the message for the form.
pub fn check_new_email(email: &str) -> Result<(), &'static str> {
    check_email(email)?;
    let normalized = normalize_email(email);
    check_email(&normalized)?;
    if normalized.chars().any(is_invisible) {
        return Err("must not contain invisible characters");
    }
    if !normalized.split(['@', '.', '-', '_', '+']).all(MixedScript::is_single_script) {
        return Err("must not mix scripts, such as Latin and Cyrillic letters");
    }
    Ok(())
}

/// Returns whether a character is a format character or another one without a shape of its own.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_addresses_that_look_like_others() {
        for bad in [
            "a\u{200b}da@example.com",  // zero-width space
            "ada\u{ad}@example.com",    // soft hyphen
            "\u{202e}ada@example.com",  // right-to-left override
            "\u{430}da@example.com",    // Cyrillic а
            "ada@ex\u{430}mple.com",    // Cyrillic а
            "ada@example.com\u{e0041}", // tag character
        ] {
            assert!(check_new_email(bad).is_err(), "{bad:?}");
        }
        for good in
            ["ada@example.com", "zoë.müller+tag@exämple.de", "анна@пример.рф", "太郎@例え.jp", "a1_b-c@x.io"]
        {
            assert_eq!(check_new_email(good), Ok(()), "{good:?}");
        }
    }

    #[test]
    fn full_width_characters_are_the_same_address() {
        assert_eq!(normalize_email("Ａda@Example.com"), "ada@example.com");
    }
}
