//! Providers that serve models, and the names that instrumentations use for them.

/// A provider of models, for the purpose of prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provider {
    /// A provider in the public prices, by its id.
    Known(String),
    /// A local server. No public price applies.
    Local,
    /// An unknown provider, or a library that calls other providers. The name is in lower case with `_` as separator.
    Other(String),
}

/// Ids of the public prices with their aliases. Aliases are in lower case, with `_` instead of blanks and dashes. A name
/// that continues an id or alias after a dot, like `aws.bedrock`, is not listed.
const NAMES: &[(&str, &[&str])] = &[
    ("anthropic", &["claude"]),
    ("aws", &["bedrock", "amazon_bedrock", "aws_bedrock", "amazon", "bedrock_converse"]),
    ("azure", &["azure_openai", "az.ai.openai", "az.ai.inference", "azure_ai", "azure_ai_foundry"]),
    ("cerebras", &[]),
    ("cohere", &["cohere_chat"]),
    ("deepseek", &["deep_seek"]),
    ("fireworks", &["fireworks_ai", "fireworksai"]),
    (
        "google",
        &[
            "gcp",
            "vertex_ai",
            "vertexai",
            "vertex",
            "gemini",
            "google_genai",
            "google_vertexai",
            "google_vertex",
            "google_generative_ai",
            "gen_ai.gemini",
        ],
    ),
    ("groq", &[]),
    ("mistral", &["mistral_ai", "mistralai"]),
    ("moonshotai", &["moonshot", "moonshot_ai", "kimi"]),
    ("novita", &["novita_ai"]),
    ("openai", &["open_ai", "openai_responses"]),
    ("openrouter", &["open_router"]),
    ("perplexity", &["perplexity_ai"]),
    ("together", &["together_ai", "togetherai"]),
    ("voyageai", &["voyage", "voyage_ai"]),
    ("x-ai", &["x_ai", "xai", "x.ai", "grok"]),
    ("zai", &["z_ai", "z.ai"]),
    ("zhipuai", &["zhipu", "zhipu_ai"]),
];

/// Names of local servers.
const LOCAL: &[&str] = &[
    "ollama",
    "ollama_chat",
    "llama.cpp",
    "llama_cpp",
    "llamacpp",
    "llamafile",
    "lmstudio",
    "lm_studio",
    "lm.studio",
    "vllm",
    "hosted_vllm",
    "sglang",
    "mlx",
    "transformers",
    "local",
    "localai",
    "gpt4all",
];

impl Provider {
    /// Parses a name as it was sent. Returns `None` for an empty name.
    #[must_use]
    pub fn parse(sent: &str) -> Option<Self> {
        let name = sent.trim().to_lowercase().replace([' ', '-'], "_");
        if name.is_empty() {
            return None;
        }
        // The Vercel AI SDK appends the interface that was used: `openai.chat`, `anthropic.messages`.
        let mut part = name.as_str();
        loop {
            if let Some(provider) = Self::exact(part) {
                return Some(provider);
            }
            match part.rsplit_once('.') {
                Some((head, _)) => part = head,
                None => return Some(Self::Other(name)),
            }
        }
    }

    fn exact(name: &str) -> Option<Self> {
        if LOCAL.contains(&name) {
            return Some(Self::Local);
        }
        let known = NAMES.iter().find(|(id, names)| *id == name || names.contains(&name));
        known.map(|(id, _)| Self::Known((*id).to_owned()))
    }

    /// Returns the same key for all names of a provider. Custom prices are stored with this key.
    #[must_use]
    pub fn key(sent: &str) -> String {
        match Self::parse(sent) {
            Some(Self::Known(id)) => id,
            _ => sent.trim().to_lowercase().replace([' ', '-'], "_"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_all_names_of_a_provider() {
        for (id, names) in [
            ("openai", ["openai", "OpenAI", "openai.chat", "openai.responses"].as_slice()),
            ("mistral", &["mistral_ai", "mistralai", "MistralAI", "mistral.chat"]),
            ("x-ai", &["x_ai", "xai", "x-ai", "xai.chat"]),
            ("aws", &["aws.bedrock", "aws", "AWS", "amazon-bedrock", "amazon_bedrock"]),
            (
                "azure",
                &["azure.ai.openai", "azure", "az.ai.openai", "azure.ai.inference", "azure-openai.chat"],
            ),
            (
                "google",
                &[
                    "gcp.vertex_ai",
                    "gcp.gemini",
                    "google",
                    "vertexai",
                    "google.generative-ai",
                    "google.vertex.chat",
                ],
            ),
            ("anthropic", &["anthropic", "anthropic.messages", "Anthropic"]),
            ("deepseek", &["deepseek", "deepseek.chat"]),
            ("groq", &["groq", "Groq", "groq.chat"]),
        ] {
            for name in names {
                assert_eq!(Provider::parse(name), Some(Provider::Known(id.to_owned())), "{name}");
                assert_eq!(Provider::key(name), id, "{name}");
            }
        }
        assert_eq!(Provider::parse("Ollama"), Some(Provider::Local));
        assert_eq!(Provider::parse("langchain"), Some(Provider::Other("langchain".to_owned())));
        assert_eq!(Provider::parse("  "), None);
    }
}
