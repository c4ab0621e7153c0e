//! `code-reviewer`: comments on pull requests.

use super::{Agent, Answer, Search, Step, Tool, Topic};
use crate::demo::{model, rhythm::Rhythm};

pub const AGENT: Agent = Agent {
    id: "code-reviewer",
    entry: "review_pull_request",
    system: None,
    models: &[(&model::CLAUDE_SONNET, 0.8), (&model::CLAUDE_HAIKU, 0.2)],
    rhythm: Rhythm::Office,
    conversations: 235.0,
    turns: (1, 1),
    failures: 0.02,
    limit_seconds: 120,
    quality: 78.0,
    tokens_input: 6_200.0,
    tokens_output: 380.0,
    tags: &["ci", "internal"],
    topics: &[
        Topic {
            asks: &[
                "Review {repo}#{pr}: change `{function}`\n\n--- a/{file}\n+++ b/{file}\n@@ -{line},7 +{line},9 @@\n-    let value = map[key];\n+    let value = map.get(key).unwrap_or_default();\n+    log(value);",
                "Review {repo}#{pr}: speed up `{function}`\n\n--- a/{file}\n+++ b/{file}\n@@ -{line},4 +{line},6 @@\n-    for item in items { total += price(item); }\n+    let prices = cache.prices(items);\n+    total = prices.sum();",
            ],
            answers: &[
                Answer::Object(&[
                    ("verdict", "request_changes"),
                    ("file", "{file}"),
                    ("line", "{line}"),
                    ("severity", "major"),
                    (
                        "comment",
                        "`{function}` now swallows a missing key: the caller cannot tell \"absent\" from \"empty\" any more. Return an error, or say in the doc comment why a default is right.",
                    ),
                ]),
                Answer::Object(&[
                    ("verdict", "approve"),
                    ("file", "{file}"),
                    ("line", "{line}"),
                    ("severity", "nit"),
                    (
                        "comment",
                        "Reads well. `{function}` could take a slice instead of a Vec, then the clone in line {line} goes away.",
                    ),
                ]),
            ],
            steps: &[Step::Decide, Step::Call(&READ_FILE), Step::Search(&GUIDELINES), Step::Answer],
        },
        Topic {
            asks: &["Review {repo}#{pr}: add tests for `{function}` ({count} lines added in {file})"],
            answers: &[Answer::Object(&[
                ("verdict", "comment"),
                ("file", "{file}"),
                ("line", "{line}"),
                ("severity", "minor"),
                (
                    "comment",
                    "The tests cover the good path of `{function}`. An empty list and a failing dependency are missing; the suite took {percent} s in CI.",
                ),
            ])],
            steps: &[
                Step::Decide,
                Step::Call(&READ_FILE),
                Step::Decide,
                Step::Call(&RUN_TESTS),
                Step::Answer,
            ],
        },
    ],
    follow_ups: &[],
};

const READ_FILE: Tool = Tool {
    name: "read_file",
    millis: 70.0,
    arguments: &[("repository", "{repo}"), ("path", "{file}"), ("ref", "refs/pull/{pr}/head")],
    result: &[
        ("path", "{file}"),
        ("lines", "{count}"),
        ("excerpt", "pub fn {function}(items: &[Item]) -> Result<Total, Error> { … }"),
    ],
    failure: "GitHubError: 404 Not Found: refs/pull/{pr}/head was force-pushed away",
};

const RUN_TESTS: Tool = Tool {
    name: "run_tests",
    millis: 6_500.0,
    arguments: &[("repository", "{repo}"), ("filter", "{function}")],
    result: &[("passed", "{count}"), ("failed", "0"), ("seconds", "{percent}")],
    failure: "SandboxError: exit code 137 (out of memory) while testing {repo}",
};

const GUIDELINES: Search = Search {
    name: "search_guidelines",
    millis: 85.0,
    documents: &[
        ("Error handling", "Do not replace an absent value by a default unless the doc comment says why."),
        ("Performance", "A cache needs a bound and an owner who invalidates it."),
    ],
};
