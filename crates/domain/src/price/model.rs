//! Spellings of model names: the exact name first, then the name without the additions of providers, gateways and versions.

/// Prefixes for regions in model ids of Amazon Bedrock.
const REGIONS: &[&str] = &["us", "us-gov", "eu", "apac", "au", "ca", "jp", "sa", "global", "regional"];
/// Prefixes for makers in model ids of Amazon Bedrock.
const MAKERS: &[&str] = &[
    "anthropic",
    "amazon",
    "meta",
    "mistral",
    "cohere",
    "ai21",
    "deepseek",
    "openai",
    "qwen",
    "google",
    "nvidia",
    "writer",
    "moonshotai",
    "minimax",
    "zai",
];

/// Maximum number of parts of a path that are tried, from its end. Senders choose the length of paths.
const MAX_PARTS: usize = 5;
/// Maximum number of spellings of a name. Real names have about a dozen.
const MAX_SPELLINGS: usize = 32;

/// Returns distinct spellings of a model name in lower case, most likely first, at most 32.
#[must_use]
pub fn spellings(model: &str) -> Vec<String> {
    let exact = model.trim().to_lowercase();
    let mut all = vec![exact.clone()];
    // `openrouter/openai/gpt-4o`, `models/gemini-…`, `publishers/google/models/gemini-…`, an ARN.
    let mut rest = exact.as_str();
    for (_, after) in paths(&exact) {
        add(&mut all, after.to_owned());
        rest = after;
    }
    // `us.anthropic.claude-…`
    let without_region = after_first(rest, REGIONS).unwrap_or(rest);
    add(&mut all, without_region.to_owned());
    let bare = after_first(without_region, MAKERS).unwrap_or(without_region);
    add(&mut all, bare.to_owned());

    for name in all.clone() {
        let without_version = without_bedrock_version(&name);
        let without_date = without_date(without_version);
        for shorter in
            [without_version, without_date, without_date.strip_suffix("-latest").unwrap_or(without_date)]
        {
            add(&mut all, shorter.to_owned());
        }
    }
    for name in all.clone() {
        add(&mut all, between_digits(&name, '.', '-'));
        add(&mut all, between_digits(&name, '-', '.'));
    }
    all
}

/// Splits a path into pairs of its first part and the rest, repeatedly. Only the last [`MAX_PARTS`] parts are used.
pub(super) fn paths(name: &str) -> impl Iterator<Item = (&str, &str)> {
    let start = name.rmatch_indices('/').nth(MAX_PARTS - 1).map_or(0, |(slash, _)| slash + 1);
    let path = &name[start..];
    path.match_indices('/').scan(0, move |from, (slash, _)| {
        let first = &path[*from..slash];
        *from = slash + 1;
        Some((first, &path[*from..]))
    })
}

fn add(all: &mut Vec<String>, name: String) {
    if all.len() < MAX_SPELLINGS && !name.is_empty() && !all.contains(&name) {
        all.push(name);
    }
}

/// Returns the text after the first dot, if the text before it is one of `firsts`.
fn after_first<'a>(name: &'a str, firsts: &[&str]) -> Option<&'a str> {
    name.split_once('.').filter(|(first, _)| firsts.contains(first)).map(|(_, rest)| rest)
}

/// Removes a version of Amazon Bedrock, such as `-v1:0`.
fn without_bedrock_version(name: &str) -> &str {
    let base = name.split_once(':').filter(|(_, after)| is_number(after)).map_or(name, |(before, _)| before);
    match base.rsplit_once("-v") {
        Some((before, version)) if is_number(version) && base.len() != name.len() => before,
        _ => name,
    }
}

/// Removes `-2024-08-06`, `-20240806`, and the versions of Vertex AI: `@20240806`, `@default`, `@latest`.
fn without_date(name: &str) -> &str {
    if let Some((before, version)) = name.split_once('@') {
        return if is_date(version) || matches!(version, "default" | "latest") { before } else { name };
    }
    let cut = |length: usize| {
        let (before, date) = name.split_at_checked(name.len().checked_sub(length)?)?;
        let date = date.strip_prefix('-')?;
        (is_date(date) && !before.is_empty()).then_some(before)
    };
    cut("-2024-08-06".len()).or_else(|| cut("-20240806".len())).unwrap_or(name)
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let dashed = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';
    let digits: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != b'-').collect();
    (dashed || bytes.len() == 8)
        && digits.len() == 8
        && digits.iter().all(u8::is_ascii_digit)
        && digits.starts_with(b"20")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Replaces `from` by `to` between single digits: `claude-3.5-sonnet` and `claude-3-5-sonnet`. Dates are unchanged.
fn between_digits(name: &str, from: char, to: char) -> String {
    let characters: Vec<char> = name.chars().collect();
    let is_single = |at: Option<usize>, next: Option<usize>| {
        let character = |at: Option<usize>| at.and_then(|at| characters.get(at));
        character(at).is_some_and(char::is_ascii_digit) && !character(next).is_some_and(char::is_ascii_digit)
    };
    let replace = |(at, &character): (usize, &char)| {
        let between =
            is_single(at.checked_sub(1), at.checked_sub(2)) && is_single(Some(at + 1), Some(at + 2));
        if character == from && between { to } else { character }
    };
    characters.iter().enumerate().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn removes_additions_to_a_name() {
        for (sent, name) in [
            ("gpt-4o", "gpt-4o"),
            (" GPT-4o ", "gpt-4o"),
            ("openai/gpt-4o", "gpt-4o"),
            ("openrouter/openai/gpt-4o", "openai/gpt-4o"),
            ("openrouter/openai/gpt-4o", "gpt-4o"),
            ("models/gemini-2.5-pro", "gemini-2.5-pro"),
            ("publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
            ("gpt-4o-2024-08-06", "gpt-4o"),
            ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
            ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
            ("claude-3-5-sonnet-latest", "claude-3-5-sonnet"),
            ("claude-3.5-sonnet", "claude-3-5-sonnet"),
            ("gpt-4-1-mini", "gpt-4.1-mini"),
            ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "anthropic.claude-3-5-sonnet-20241022-v2:0"),
            ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet"),
            (
                "arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
                "claude-sonnet-4-5",
            ),
        ] {
            let all = spellings(sent);
            assert!(all.iter().any(|spelling| spelling == name), "{sent}: {all:?}");
            assert_eq!(all[0], sent.trim().to_lowercase());
        }
    }

    #[test]
    fn keeps_parts_that_belong_to_a_name() {
        assert_eq!(spellings("mistral-large-2512"), ["mistral-large-2512"]);
        assert_eq!(spellings("gpt-4"), ["gpt-4"]);
        assert!(!spellings("llama-3-70b").contains(&"llama-3.70b".to_owned()));
        assert!(!spellings("deepseek-v3").contains(&"deepseek".to_owned()));
        assert!(!spellings("phi-4:free").contains(&"phi-4".to_owned()));
    }

    #[test]
    fn reads_long_paths_from_their_end_and_limits_spellings() {
        let long = "aws/".repeat(63) + "us.anthropic.claude-3-5-sonnet-20241022-v2:0";
        let all = spellings(&long);
        assert!(all.len() <= MAX_SPELLINGS, "{}", all.len());
        assert_eq!(paths(&long).count(), MAX_PARTS - 1);
        for name in ["claude-3-5-sonnet", "anthropic.claude-3-5-sonnet-20241022-v2:0"] {
            assert!(all.iter().any(|spelling| spelling == name), "{name}: {all:?}");
        }
        let vertex = "projects/p/locations/l/publishers/anthropic/models/claude-3.5-sonnet@20241022";
        assert!(spellings(vertex).contains(&"claude-3-5-sonnet".to_owned()));
        assert_eq!(paths("a/b/c").collect::<Vec<_>>(), [("a", "b/c"), ("b", "c")]);
        assert_eq!(paths("a").count(), 0);
    }

    proptest! {
        #[test]
        fn spellings_of_any_text_are_distinct(model in "\\PC{0,40}") {
            let all = spellings(&model);
            let mut once = all.clone();
            once.sort();
            once.dedup();
            prop_assert_eq!(once.len(), all.len());
        }
    }
}
