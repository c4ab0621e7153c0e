//! The label of a browser or program, from its `User-Agent`.

/// Browsers by a part of their user agent. Chrome is part of the user agents of others, and Safari of that of Chrome.
const BROWSERS: [(&str, &str); 6] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
/// Operating systems by a part of the user agent. Android also names Linux, and iPhones name Mac OS X.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// Returns the label of a user agent, such as `Firefox on Windows` or `curl`.
#[must_use]
pub fn user_agent_label(user_agent: &str) -> String {
    let find = |known: &[(&str, &'static str)]| {
        known.iter().find(|(part, _)| user_agent.contains(part)).map(|&(_, label)| label)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => {
            let product = user_agent.split(['/', ' ']).next().unwrap_or_default();
            if product.is_empty() { "Unknown client".to_owned() } else { product.to_owned() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_browser_and_the_system() {
        let mozilla = "Mozilla/5.0 (";
        for (user_agent, label) in [
            ("Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox on Windows"),
            (
                "X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
                "Edge on Windows",
            ),
        ] {
            assert_eq!(user_agent_label(&format!("{mozilla}{user_agent}")), label);
        }
    }

    #[test]
    fn names_other_programs_by_their_product() {
        assert_eq!(user_agent_label("curl/8.5.0"), "curl");
        assert_eq!(user_agent_label("python-requests/2.32"), "python-requests");
        assert_eq!(user_agent_label(""), "Unknown client");
    }
}
