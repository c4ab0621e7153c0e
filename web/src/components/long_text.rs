//! A text that is collapsed if it is long.

use shared::format;
use yew::prelude::*;

use super::json::highlighted;
use crate::event::on_toggle;

/// The number of characters shown of a collapsed text.
const MAX_CHARACTERS: usize = 2_400;
/// The number of lines shown of a collapsed text.
const MAX_LINES: usize = 40;
/// A text is not collapsed if only this many bytes would be hidden.
const MIN_HIDDEN_BYTES: usize = 400;

/// Properties of [`LongText`].
#[derive(Properties, PartialEq)]
pub struct LongTextProps {
    /// The whole text.
    pub text: AttrValue,
    /// Whether the text is indented JSON.
    #[prop_or_default]
    pub json: bool,
    /// The CSS classes of the text.
    #[prop_or_default]
    pub class: Classes,
}

/// Renders the text with a button that expands it.
#[component]
pub fn LongText(props: &LongTextProps) -> Html {
    let all = use_state(|| false);
    let cut = cut(&props.text);
    let shown = match cut {
        Some(cut) if !*all => props.text.get(..cut).unwrap_or_default(),
        _ => &*props.text,
    };
    let label = if *all {
        "Show less".to_owned()
    } else {
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let length = props.text.chars().count() as f64;
        format!("Show all ({} characters)", format::count(length))
    };
    html! {
        <div class={classes!("long-text", (cut.is_some() && !*all).then_some("cut"))}>
            if props.json {
                <pre class={props.class.clone()}>{ highlighted(shown) }</pre>
            } else {
                <p class={props.class.clone()}>{ shown.to_owned() }</p>
            }
            if cut.is_some() {
                <button type="button" class="link-button" onclick={on_toggle(&all)} aria-expanded={all.to_string()}>{ label }</button>
            }
        </div>
    }
}

/// Returns the byte index at which a text is cut, or `None` if it is shown whole.
fn cut(text: &str) -> Option<usize> {
    let by_length = text.char_indices().nth(MAX_CHARACTERS).map(|(at, _)| at);
    let by_lines = text.match_indices('\n').nth(MAX_LINES).map(|(at, _)| at);
    let at = [by_length, by_lines].into_iter().flatten().min()?;
    (text.len() - at > MIN_HIDDEN_BYTES).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_long_texts_at_a_character_boundary() {
        assert_eq!(cut("short"), None);
        assert_eq!(cut(&"x".repeat(MAX_CHARACTERS + MIN_HIDDEN_BYTES)), None);
        assert_eq!(cut(&"x".repeat(MAX_CHARACTERS + MIN_HIDDEN_BYTES + 1)), Some(MAX_CHARACTERS));
        assert_eq!(cut(&"ü".repeat(MAX_CHARACTERS * 2)), Some(MAX_CHARACTERS * 2));
        assert_eq!(cut(&"a line\n".repeat(200)), Some((MAX_LINES + 1) * 7 - 1));
    }
}
