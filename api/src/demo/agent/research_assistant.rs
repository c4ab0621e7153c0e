//! `research-assistant`: analysts ask for what is known, with sources.

use super::{Agent, Answer, Search, Step, Tool, Topic};
use crate::demo::{model, rhythm::Rhythm};

pub const AGENT: Agent = Agent {
    id: "research-assistant",
    entry: "research",
    system: Some(
        "You are a research assistant. Search before you answer, cite a source for every claim as [n], and say what is \
         disputed or unknown.",
    ),
    models: &[(&model::CLAUDE_SONNET, 0.7), (&model::GPT_4O, 0.3)],
    rhythm: Rhythm::Office,
    conversations: 90.0,
    turns: (1, 3),
    failures: 0.022,
    limit_seconds: 90,
    quality: 81.0,
    tokens_input: 4_800.0,
    tokens_output: 520.0,
    tags: &["research", "internal"],
    topics: &[
        Topic {
            asks: &[
                "Give me an overview of {topic}: state of the art, costs, open questions.",
                "What has changed in {topic} during the last two years?",
            ],
            answers: &[
                Answer::Text(
                    "**Overview: {topic}**\n\n1. Deployment grew by {percent} % a year, mostly in {market} [1].\n2. Cost remains the main obstacle; field studies report {amount} EUR per unit, with a wide spread [2].\n3. Disputed: how results from pilots carry over to large installations [3].\n\nOpen questions: long-term reliability, and who pays for the grid connection.",
                ),
                Answer::Text(
                    "Three things changed in {topic}. First, {count} projects moved from pilot to operation [1]. Second, prices fell by {percent} % [2]. Third, regulation in {market} now asks for a public register [3]. Evidence for effects beyond five years is still thin.",
                ),
            ],
            steps: &[Step::Decide, Step::Call(&WEB_SEARCH), Step::Search(&LIBRARY), Step::Answer],
        },
        Topic {
            asks: &[
                "Find numbers on {topic} for {market}.",
                "How large is the market for {topic} in {market}?",
            ],
            answers: &[Answer::Text(
                "For {market} the best figure I found is {count} million EUR (+{percent} % year over year) [1]; a second source says {percent} % less because it leaves installation out [2]. I would quote the range.",
            )],
            steps: &[Step::Search(&LIBRARY), Step::Decide, Step::Call(&WEB_SEARCH), Step::Answer],
        },
    ],
    follow_ups: &[
        Topic {
            asks: &[
                "Make that five bullet points for a slide.",
                "Summarise it for somebody who has one minute.",
            ],
            answers: &[Answer::Text(
                "- {topic}: growing {percent} % a year\n- {market} leads\n- Cost is the obstacle\n- Evidence beyond five years is thin\n- Next: watch the {count} projects now in operation",
            )],
            steps: &[Step::Answer],
        },
        Topic {
            asks: &["How reliable is source 2?", "Does anybody contradict this?"],
            answers: &[Answer::Text(
                "Source 2 is an industry survey with {count} respondents; its method is described, its data are not public. One peer-reviewed study comes to a figure {percent} % lower, so treat it as an upper bound.",
            )],
            steps: &[Step::Search(&LIBRARY), Step::Answer],
        },
    ],
};

const WEB_SEARCH: Tool = Tool {
    name: "web_search",
    millis: 820.0,
    arguments: &[("query", "{topic} {market} statistics"), ("max_results", "5")],
    result: &[
        ("results", "{count}"),
        ("top_title", "{topic}: market report {market}"),
        ("top_snippet", "Growth of {percent} % compared with the year before, driven by {market}."),
    ],
    failure: "SearchError: quota of 10,000 queries a day is used up",
};

const LIBRARY: Search = Search {
    name: "search_library",
    millis: 180.0,
    documents: &[
        (
            "A review of field results",
            "We compare 41 installations over six years and find a median deviation of 11 % from what was planned.",
        ),
        (
            "Cost drivers and learning rates",
            "Every doubling of installed capacity lowered unit cost by 17 to 21 %.",
        ),
        (
            "Policy brief: grid connection",
            "Connection times vary between 4 and 31 months; the brief proposes a public register.",
        ),
    ],
};
