//! How to send a trace, ready to paste into a terminal.

use yew::prelude::*;

use super::copy_button::CopyButton;
use crate::intl;

/// A curl command that sends one trace to the server this page came from, with `key` where it is known.
pub fn curl_example(key: Option<&str>) -> Html {
    let origin = intl::window().location().origin().unwrap_or_default();
    let command = command(&origin, key.unwrap_or("YOUR_API_KEY"));
    html! {
        <div class="code-box">
            <div class="code-head">
                <span>{ "Terminal" }</span>
                <CopyButton text={command.clone()} what="command" />
            </div>
            <pre tabindex="0" aria-label="curl command"><code>{ command }</code></pre>
        </div>
    }
}

fn command(origin: &str, key: &str) -> String {
    [
        &format!("curl {origin}/api/v1/traces \\"),
        &format!("  -H 'Authorization: Bearer {key}' \\"),
        "  -H 'Content-Type: application/json' \\",
        "  -d '{",
        "    \"agent_id\": \"support-bot\",",
        "    \"status\": \"success\",",
        "    \"latency_ms\": 1234.5,",
        "    \"model\": \"gpt-4o\",",
        "    \"tokens_input\": 812,",
        "    \"tokens_output\": 96,",
        "    \"cost_usd\": 0.00299,",
        "    \"quality_score\": 87.5,",
        "    \"input\": \"Where is my parcel?\",",
        "    \"output\": \"It arrives tomorrow.\"",
        "  }'",
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_sends_a_trace_that_the_api_takes() {
        let command = command("http://127.0.0.1:8000", "ao_key");
        let body = command.split("-d '").nth(1).and_then(|rest| rest.strip_suffix('\'')).unwrap_or_default();
        let trace: Result<shared::trace::TraceInput, _> = serde_json::from_str(body);
        assert!(trace.is_ok_and(|trace| trace.agent_id == "support-bot" && trace.metadata.is_empty()));
        assert!(command.contains("Bearer ao_key"));
    }
}
