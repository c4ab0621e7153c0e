//! Code examples that send a first trace, with the server's URL and an API key filled in. `docs/getting-started.md`
//! contains the same examples.

/// The placeholder for the API key.
pub const NO_KEY: &str = "YOUR_API_KEY";
/// The placeholder for the URL of the server.
const NO_ENDPOINT: &str = "http://localhost:8000";
/// The agent id in all examples.
pub const AGENT: &str = "getting-started";

/// An integration that sends traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integration {
    /// The label of the tab.
    pub title: &'static str,
    /// A short description.
    pub description: &'static str,
    /// The program that exports OpenTelemetry; `None` for the REST API.
    pub program: Option<Program>,
}

/// A program that records a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// The command that installs its packages.
    install: &'static str,
    /// The language.
    language: Language,
    /// The code.
    text: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Language {
    /// The name of the file.
    file: &'static str,
    /// The command that runs it.
    run: &'static str,
}

const PYTHON: Language = Language { file: "first_trace.py", run: "python first_trace.py" };
const TYPESCRIPT: Language = Language { file: "first_trace.ts", run: "npx tsx first_trace.ts" };

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
    pub const ALL: [Self; 6] = [
        Self {
            title: "Python",
            description: "Manual instrumentation with the OpenTelemetry SDK for Python. The example records one model call without calling a model.",
            program: Some(Program {
                install: "pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http",
                language: PYTHON,
                text: include_str!("snippet/python.py"),
            }),
        },
        Self {
            title: "OpenInference",
            description: "OpenInference (Phoenix) instruments the OpenAI client for Python. The example calls OpenAI and requires OPENAI_API_KEY. Packages exist for LangChain, LlamaIndex and many other libraries.",
            program: Some(Program {
                install: "pip install openai openinference-instrumentation-openai opentelemetry-sdk opentelemetry-exporter-otlp-proto-http",
                language: PYTHON,
                text: include_str!("snippet/openinference.py"),
            }),
        },
        Self {
            title: "OpenLLMetry",
            description: "OpenLLMetry (Traceloop) instruments the OpenAI client for Python. The example calls OpenAI and requires OPENAI_API_KEY. Packages exist for other providers and frameworks.",
            program: Some(Program {
                install: "pip install openai opentelemetry-instrumentation-openai opentelemetry-sdk opentelemetry-exporter-otlp-proto-http",
                language: PYTHON,
                text: include_str!("snippet/openllmetry.py"),
            }),
        },
        Self {
            title: "TypeScript",
            description: "Manual instrumentation with the OpenTelemetry SDK for Node.js. The example records one model call without calling a model.",
            program: Some(Program {
                install: "npm install @opentelemetry/api @opentelemetry/sdk-node tsx",
                language: TYPESCRIPT,
                text: include_str!("snippet/node.ts"),
            }),
        },
        Self {
            title: "Vercel AI SDK",
            description: "The Vercel AI SDK has built-in telemetry that you enable per call. The example calls OpenAI and requires OPENAI_API_KEY.",
            program: Some(Program {
                install: "npm install ai @ai-sdk/openai @opentelemetry/sdk-node tsx",
                language: TYPESCRIPT,
                text: include_str!("snippet/vercel.ts"),
            }),
        },
        Self {
            title: "curl",
            description: "The REST API, without OpenTelemetry: one JSON request per finished trace.",
            program: None,
        },
    ];

    /// Returns the code examples, in the order of use.
    pub fn snippets(self, endpoint: &str, key: Option<&str>) -> Vec<Snippet> {
        let key = key.unwrap_or(NO_KEY);
        let snippet = |location, label, text| Snippet { location, label, text };
        let Some(Program { install, language, text }) = self.program else {
            return vec![snippet(TERMINAL, "curl command", curl(endpoint, key))];
        };
        vec![
            snippet(TERMINAL, "setup commands", format!("{install}\n{}", environment(endpoint, key))),
            snippet(language.file, "program", text.trim_end().to_owned()),
            snippet(TERMINAL, "command", language.run.to_owned()),
        ]
    }
}

/// Returns the environment variables of OpenTelemetry exporters. The header is `x-api-key` and not `Authorization: Bearer …`,
/// because header values are percent-encoded and some exporters drop or reject the space.
fn environment(endpoint: &str, key: &str) -> String {
    filled(include_str!("snippet/environment.sh"), endpoint, key)
}

/// Returns a command that sends one trace as JSON.
pub fn curl(endpoint: &str, key: &str) -> String {
    filled(include_str!("snippet/curl.sh"), endpoint, key)
}

/// Returns `template` with the placeholders replaced.
fn filled(template: &str, endpoint: &str, key: &str) -> String {
    template.trim_end().replace(NO_ENDPOINT, endpoint).replace(NO_KEY, key)
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
            assert_eq!(calls, text.contains("Requires OPENAI_API_KEY"), "{integration:?}");
            assert_eq!(calls, integration.description.contains("OPENAI_API_KEY"), "{integration:?}");
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
