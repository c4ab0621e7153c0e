//! Makes text inert for the programs that show notifications. Names and errors come from traces, and anybody who sends
//! traces chooses them: they must not mention people, load images, or look like links of the sender.

/// Interrupts a sequence without being visible.
const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// Escapes text for Slack and for receivers of Slack's format that interpret Markdown: Mattermost, Rocket.Chat, Discord.
/// Slack shows backslashes, so the characters that Markdown interprets are interrupted instead.
pub(super) fn slack(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = '\0';
    for char in text.chars() {
        match (before, char) {
            // `[text](url)`, `![text](url)`, `[text][reference]` and `[reference]: url`.
            (']', '(' | '[' | ':') => escaped.push(ZERO_WIDTH_SPACE),
            // Mentions and e-mail addresses, headings and tags, channels and strikethrough, tables and spoilers.
            ('@' | '#' | '~' | '|', _) => escaped.push(ZERO_WIDTH_SPACE),
            _ => {}
        }
        // Code could hide the text and the links after it.
        escaped.push(if char == '`' { '\'' } else { char });
        before = char;
    }
    if matches!(before, '@' | '#' | '~' | '|') {
        escaped.push(ZERO_WIDTH_SPACE);
    }
    slack_entities(&without_links(&escaped))
}

/// Escapes the control characters of Slack, for text of this server and URLs.
pub(super) fn slack_entities(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Escapes text for HTML, in elements and quoted attributes.
pub(super) fn html(text: &str) -> String {
    slack_entities(text).replace('"', "&quot;").replace('\'', "&#39;")
}

/// Interrupts URLs: mail clients and chats turn them into links, also in plain text, and load previews of their pages.
pub(super) fn without_links(text: &str) -> String {
    let text = text.replace("://", &format!(":{ZERO_WIDTH_SPACE}//"));
    let mut inert = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.to_ascii_lowercase().find("www.") {
        inert.push_str(&rest[..at + 3]);
        inert.push(ZERO_WIDTH_SPACE);
        rest = &rest[at + 3..];
    }
    inert + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the text with visible zero-width spaces.
    fn visible(text: &str) -> String {
        text.replace(ZERO_WIDTH_SPACE, "¦")
    }

    #[test]
    fn slack_text_contains_no_mentions_links_images_or_code() {
        for (hostile, inert) in [
            ("<!channel> & <https://evil|x>", "&lt;!channel&gt; &amp; &lt;https:¦//evil|¦x&gt;"),
            ("@here @all ada@example.com @", "@¦here @¦all ada@¦example.com @¦"),
            ("![](https://evil/pixel.png)", "![]¦(https:¦//evil/pixel.png)"),
            ("[Alert](http://evil)", "[Alert]¦(http:¦//evil)"),
            ("[Alert][1] [1]: //evil", "[Alert]¦[1] [1]¦: //evil"),
            ("WWW.evil.example www.www.x", "WWW¦.evil.example www¦.www¦.x"),
            ("```~~#tag~~ || a |", "'''~¦~¦#¦tag~¦~¦ |¦|¦ a |¦"),
            ("[critical] support-bot_v1.2: 7.5 % (5 %)", "[critical] support-bot_v1.2: 7.5 % (5 %)"),
        ] {
            assert_eq!(visible(&slack(hostile)), inert);
        }
    }

    #[test]
    fn html_text_contains_no_markup() {
        assert_eq!(
            html("<img src=\"x\" onerror='a'>&amp;"),
            "&lt;img src=&quot;x&quot; onerror=&#39;a&#39;&gt;&amp;amp;"
        );
    }
}
