//! A text that may be long: its beginning, and the rest when it is asked for.

use yew::prelude::*;

use super::json::coloured;
use crate::format;

/// Characters and lines that are shown at first.
const FIRST: usize = 2_400;
const LINES: usize = 40;
/// So little more is shown at once.
const SLACK: usize = 400;

/// Properties of [`LongText`].
#[derive(Properties, PartialEq)]
pub struct LongTextProps {
    /// All of it.
    pub text: AttrValue,
    /// Whether it is indented JSON.
    #[prop_or_default]
    pub json: bool,
    /// Its class.
    #[prop_or_default]
    pub class: Classes,
}

/// See the module.
#[component]
pub fn LongText(props: &LongTextProps) -> Html {
    let all = use_state(|| false);
    let cut = cut(&props.text);
    let shown = match cut {
        Some(cut) if !*all => props.text.get(..cut).unwrap_or_default(),
        _ => &*props.text,
    };
    let toggle = {
        let all = all.clone();
        Callback::from(move |_: MouseEvent| all.set(!*all))
    };
    let word = if *all {
        "Show less".to_owned()
    } else {
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let length = props.text.chars().count() as f64;
        format!("Show all ({} characters)", format::count(length))
    };
    html! {
        <div class={classes!("long-text", (cut.is_some() && !*all).then_some("cut"))}>
            if props.json {
                <pre class={props.class.clone()}>{ coloured(shown) }</pre>
            } else {
                <p class={props.class.clone()}>{ shown.to_owned() }</p>
            }
            if cut.is_some() {
                <button type="button" class="link-button" onclick={toggle} aria-expanded={all.to_string()}>{ word }</button>
            }
        </div>
    }
}

/// After how many bytes a text is cut; none where it is shown whole.
fn cut(text: &str) -> Option<usize> {
    let by_length = text.char_indices().nth(FIRST).map(|(at, _)| at);
    let by_lines = text.match_indices('\n').nth(LINES).map(|(at, _)| at);
    let at = [by_length, by_lines].into_iter().flatten().min()?;
    (text.len() - at > SLACK).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_only_where_much_more_follows() {
        assert_eq!(cut("short"), None);
        assert_eq!(cut(&"x".repeat(FIRST + SLACK)), None);
        assert_eq!(cut(&"x".repeat(FIRST + SLACK + 1)), Some(FIRST));
        assert_eq!(cut(&"ü".repeat(FIRST * 2)), Some(FIRST * 2));
        assert_eq!(cut(&"a line\n".repeat(200)), Some((LINES + 1) * 7 - 1));
    }
}
