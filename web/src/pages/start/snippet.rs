//! Code examples that send a first trace, with the server's URL and an API key filled in. `docs/getting-started.md`
//! contains the same examples.

/// The placeholder for the API key.
pub const NO_KEY: &str = "YOUR_API_KEY";
/// The agent id in all examples.
pub const AGENT: &str = "getting-started";

/// An integration that sends traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integration {
    /// The OpenTelemetry SDK for Python, with manual instrumentation.
    Python,
    /// The OpenInference instrumentation of the OpenAI client.
    OpenInference,
    /// The OpenLLMetry instrumentation of the OpenAI client.
    OpenLlmetry,
    /// The OpenTelemetry SDK for Node.js, with manual instrumentation.
    Node,
    /// The Vercel AI SDK.
    Vercel,
    /// The REST API.
    Curl,
}

/// A code example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// Where to use it: a terminal, or a file name.
    pub location: &'static str,
    /// What it is, for the accessible name and the copy button.
    pub label: &'static str,
    /// The code.
    pub text: String,
}

const TERMINAL: &str = "Terminal";

impl Integration {
    /// All integrations.
    pub const ALL: [Self; 6] =
        [Self::Python, Self::OpenInference, Self::OpenLlmetry, Self::Node, Self::Vercel, Self::Curl];

    /// Returns the label of the tab.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::OpenInference => "OpenInference",
            Self::OpenLlmetry => "OpenLLMetry",
            Self::Node => "TypeScript",
            Self::Vercel => "Vercel AI SDK",
            Self::Curl => "curl",
        }
    }

    /// Returns a short description.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Python => {
                "Manual instrumentation with the OpenTelemetry SDK for Python. The example records one model call without calling a model."
            }
            Self::OpenInference => {
                "OpenInference (Phoenix) instruments the OpenAI client for Python. The example calls OpenAI and requires OPENAI_API_KEY. Packages exist for LangChain, LlamaIndex and many other libraries."
            }
            Self::OpenLlmetry => {
                "OpenLLMetry (Traceloop) instruments the OpenAI client for Python. The example calls OpenAI and requires OPENAI_API_KEY. Packages exist for other providers and frameworks."
            }
            Self::Node => {
                "Manual instrumentation with the OpenTelemetry SDK for Node.js. The example records one model call without calling a model."
            }
            Self::Vercel => {
                "The Vercel AI SDK has built-in telemetry that you enable per call. The example calls OpenAI and requires OPENAI_API_KEY."
            }
            Self::Curl => "The REST API, without OpenTelemetry: one JSON request per finished trace.",
        }
    }

    /// Returns the code examples, in the order of use.
    pub fn snippets(self, endpoint: &str, key: Option<&str>) -> Vec<Snippet> {
        let key = key.unwrap_or(NO_KEY);
        let (install, file, program, run) = match self {
            Self::Python => (
                "pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http",
                PY,
                include_str!("snippet/python.py"),
                RUN_PY,
            ),
            Self::OpenInference => (
                "pip install openai openinference-instrumentation-openai opentelemetry-sdk opentelemetry-exporter-otlp-proto-http",
                PY,
                include_str!("snippet/openinference.py"),
                RUN_PY,
            ),
            Self::OpenLlmetry => (
                "pip install openai opentelemetry-instrumentation-openai opentelemetry-sdk opentelemetry-exporter-otlp-proto-http",
                PY,
                include_str!("snippet/openllmetry.py"),
                RUN_PY,
            ),
            Self::Node => (
                "npm install @opentelemetry/api @opentelemetry/sdk-node tsx",
                TS,
                include_str!("snippet/node.ts"),
                RUN_TS,
            ),
            Self::Vercel => (
                "npm install ai @ai-sdk/openai @opentelemetry/sdk-node tsx",
                TS,
                include_str!("snippet/vercel.ts"),
                RUN_TS,
            ),
            Self::Curl => {
                return vec![Snippet {
                    location: TERMINAL,
                    label: "curl command",
                    text: curl(endpoint, key),
                }];
            }
        };
        vec![
            Snippet {
                location: TERMINAL,
                label: "setup commands",
                text: format!("{install}\n{}", environment(endpoint, key)),
            },
            Snippet { location: file, label: "program", text: program.trim_end().to_owned() },
            Snippet { location: TERMINAL, label: "command", text: run.to_owned() },
        ]
    }
}

const PY: &str = "first_trace.py";
const TS: &str = "first_trace.ts";
const RUN_PY: &str = "python first_trace.py";
const RUN_TS: &str = "npx tsx first_trace.ts";

/// Returns the environment variables of OpenTelemetry exporters. The header is `x-api-key` and not `Authorization: Bearer …`,
/// because header values are percent-encoded and some exporters drop or reject the space.
pub fn environment(endpoint: &str, key: &str) -> String {
    [
        &format!("export OTEL_EXPORTER_OTLP_ENDPOINT=\"{endpoint}\""),
        &format!("export OTEL_EXPORTER_OTLP_HEADERS=\"x-api-key={key}\""),
        "export OTEL_EXPORTER_OTLP_PROTOCOL=\"http/protobuf\"",
        &format!("export OTEL_SERVICE_NAME=\"{AGENT}\""),
    ]
    .join("\n")
}

/// Returns a command that sends one trace as JSON.
pub fn curl(endpoint: &str, key: &str) -> String {
    [
        &format!("curl {endpoint}/api/v1/traces \\"),
        &format!("  -H 'Authorization: Bearer {key}' \\"),
        "  -H 'Content-Type: application/json' \\",
        "  -d '{",
        &format!("    \"agent_id\": \"{AGENT}\","),
        "    \"status\": \"success\",",
        "    \"latency_ms\": 1234.5,",
        "    \"model\": \"gpt-4o-mini\",",
        "    \"tokens_input\": 812,",
        "    \"tokens_output\": 96,",
        "    \"quality_score\": 87.5,",
        "    \"session_id\": \"session-1\",",
        "    \"user_id\": \"user-1\",",
        "    \"input\": \"Where is my parcel?\",",
        "    \"output\": \"It arrives tomorrow.\"",
        "  }'",
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: &str = "http://127.0.0.1:8000";

    #[test]
    fn curl_command_sends_a_valid_trace() {
        let command = curl(ENDPOINT, "ao_key");
        let body = command.split("-d '").nth(1).and_then(|rest| rest.strip_suffix('\'')).unwrap_or_default();
        let trace: Result<shared::trace::TraceInput, _> = serde_json::from_str(body);
        assert!(trace.is_ok_and(|trace| trace.agent_id == AGENT && trace.metadata.is_empty()));
        assert!(command.contains("Bearer ao_key"));
    }

    #[test]
    fn every_integration_contains_the_server_and_the_key_once() {
        for integration in Integration::ALL {
            let text: String = integration
                .snippets(ENDPOINT, Some("ao_key"))
                .into_iter()
                .map(|snippet| snippet.text)
                .collect();
            assert_eq!(text.matches("ao_key").count(), 1, "{integration:?}");
            assert_eq!(text.matches(ENDPOINT).count(), 1, "{integration:?}");
            assert!(!text.contains(NO_KEY), "{integration:?}");
        }
    }

    #[test]
    fn shows_a_placeholder_without_a_key() {
        for integration in Integration::ALL {
            assert!(integration.snippets(ENDPOINT, None)[0].text.contains(NO_KEY), "{integration:?}");
        }
    }

    #[test]
    fn terminal_snippets_contain_no_comments() {
        // By default, zsh does not treat `#` as a comment on the command line.
        for integration in Integration::ALL {
            for snippet in
                integration.snippets(ENDPOINT, None).iter().filter(|snippet| snippet.location == TERMINAL)
            {
                assert!(!snippet.text.contains('#'), "{integration:?}: {}", snippet.text);
            }
        }
    }

    #[test]
    fn examples_that_call_openai_mention_its_api_key() {
        for integration in Integration::ALL {
            let program =
                integration.snippets(ENDPOINT, None).into_iter().find(|snippet| snippet.label == "program");
            let text = program.map(|program| program.text).unwrap_or_default();
            let calls = ["OpenAI()", "openai("].iter().any(|call| text.contains(call));
            assert_eq!(calls, text.contains("OPENAI_API_KEY has to be set"), "{integration:?}");
            assert_eq!(calls, integration.description().contains("OPENAI_API_KEY"), "{integration:?}");
        }
    }

    #[test]
    fn documentation_contains_the_same_examples() {
        let documentation = include_str!("../../../../docs/getting-started.md");
        for integration in Integration::ALL {
            for snippet in integration.snippets("http://localhost:8000", None) {
                assert!(
                    documentation.contains(&snippet.text),
                    "{integration:?} is not documented\n{}",
                    snippet.text
                );
            }
        }
    }
}
