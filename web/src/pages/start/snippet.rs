//! What one pastes to send a first trace: functions of the server's address and a key, all in one place.
//! `docs/getting-started.md` shows the same.

/// What stands where a key should.
pub const NO_KEY: &str = "YOUR_API_KEY";
/// The agent that all of these send as.
pub const AGENT: &str = "getting-started";

/// A way to send traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// OpenTelemetry's SDK for Python, by hand.
    Python,
    /// OpenInference's instrumentation of the OpenAI client.
    OpenInference,
    /// OpenLLMetry's instrumentation of the OpenAI client.
    OpenLlmetry,
    /// OpenTelemetry's SDK for Node, by hand.
    Node,
    /// The Vercel AI SDK.
    Vercel,
    /// The JSON API.
    Curl,
}

/// Something to paste.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// Where it goes: a terminal, or a file of this name.
    pub place: &'static str,
    /// What it is, for a screen reader and the button that copies it.
    pub what: &'static str,
    /// The text.
    pub text: String,
}

const TERMINAL: &str = "Terminal";

impl Way {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Python, Self::OpenInference, Self::OpenLlmetry, Self::Node, Self::Vercel, Self::Curl];

    /// What the tab says.
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

    /// What it does, in a sentence.
    pub const fn lead(self) -> &'static str {
        match self {
            Self::Python => {
                "OpenTelemetry's SDK for Python: a run with one call of a model, made by hand. It calls no model."
            }
            Self::OpenInference => {
                "OpenInference (Phoenix) records what the OpenAI client for Python does. It calls OpenAI: OPENAI_API_KEY has to be set. There are such packages for LangChain, LlamaIndex and many others."
            }
            Self::OpenLlmetry => {
                "OpenLLMetry (Traceloop) records what the OpenAI client for Python does. It calls OpenAI: OPENAI_API_KEY has to be set. There are such packages for other providers and frameworks."
            }
            Self::Node => {
                "OpenTelemetry's SDK for Node: a run with one call of a model, made by hand. It calls no model."
            }
            Self::Vercel => {
                "The Vercel AI SDK records by itself, once it is told to. This calls OpenAI: OPENAI_API_KEY has to be set."
            }
            Self::Curl => "No OpenTelemetry at all: one request with JSON in it, once a run is over.",
        }
    }

    /// What to paste, in this order.
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
                return vec![Snippet { place: TERMINAL, what: "curl command", text: curl(endpoint, key) }];
            }
        };
        vec![
            Snippet {
                place: TERMINAL,
                what: "installation and settings",
                text: format!("{install}\n{}", environment(endpoint, key)),
            },
            Snippet { place: file, what: "program", text: program.trim_end().to_owned() },
            Snippet { place: TERMINAL, what: "command", text: run.to_owned() },
        ]
    }
}

const PY: &str = "first_trace.py";
const TS: &str = "first_trace.ts";
const RUN_PY: &str = "python first_trace.py";
const RUN_TS: &str = "npx tsx first_trace.ts";

/// The settings that every exporter of OpenTelemetry reads. No `Authorization: Bearer …`: the values of these headers
/// are percent-encoded, and a blank in one is lost or refused.
pub fn environment(endpoint: &str, key: &str) -> String {
    [
        &format!("export OTEL_EXPORTER_OTLP_ENDPOINT=\"{endpoint}\""),
        &format!("export OTEL_EXPORTER_OTLP_HEADERS=\"x-api-key={key}\""),
        "export OTEL_EXPORTER_OTLP_PROTOCOL=\"http/protobuf\"",
        &format!("export OTEL_SERVICE_NAME=\"{AGENT}\""),
    ]
    .join("\n")
}

/// A command that sends one trace as JSON.
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
    fn the_command_sends_a_trace_that_the_api_takes() {
        let command = curl(ENDPOINT, "ao_key");
        let body = command.split("-d '").nth(1).and_then(|rest| rest.strip_suffix('\'')).unwrap_or_default();
        let trace: Result<shared::trace::TraceInput, _> = serde_json::from_str(body);
        assert!(trace.is_ok_and(|trace| trace.agent_id == AGENT && trace.metadata.is_empty()));
        assert!(command.contains("Bearer ao_key"));
    }

    #[test]
    fn every_way_names_the_server_and_the_key_once() {
        for way in Way::ALL {
            let text: String =
                way.snippets(ENDPOINT, Some("ao_key")).into_iter().map(|snippet| snippet.text).collect();
            assert_eq!(text.matches("ao_key").count(), 1, "{way:?}");
            assert_eq!(text.matches(ENDPOINT).count(), 1, "{way:?}");
            assert!(!text.contains(NO_KEY), "{way:?}");
        }
    }

    #[test]
    fn who_has_no_key_yet_sees_where_it_goes() {
        for way in Way::ALL {
            assert!(way.snippets(ENDPOINT, None)[0].text.contains(NO_KEY), "{way:?}");
        }
    }

    #[test]
    fn what_is_pasted_into_a_terminal_holds_no_comment() {
        // zsh, as it comes, takes a `#` on its command line for a word.
        for way in Way::ALL {
            for snippet in way.snippets(ENDPOINT, None).iter().filter(|snippet| snippet.place == TERMINAL) {
                assert!(!snippet.text.contains('#'), "{way:?}: {}", snippet.text);
            }
        }
    }

    #[test]
    fn what_calls_a_model_says_which_key_it_needs() {
        for way in Way::ALL {
            let program = way.snippets(ENDPOINT, None).into_iter().find(|snippet| snippet.what == "program");
            let text = program.map(|program| program.text).unwrap_or_default();
            let calls = ["OpenAI()", "openai("].iter().any(|call| text.contains(call));
            assert_eq!(calls, text.contains("OPENAI_API_KEY has to be set"), "{way:?}");
            assert_eq!(calls, way.lead().contains("OPENAI_API_KEY"), "{way:?}");
        }
    }

    #[test]
    fn the_documentation_shows_the_same() {
        let documentation = include_str!("../../../../docs/getting-started.md");
        for way in Way::ALL {
            for snippet in way.snippets("http://localhost:8000", None) {
                assert!(documentation.contains(&snippet.text), "{way:?} lacks\n{}", snippet.text);
            }
        }
    }
}
