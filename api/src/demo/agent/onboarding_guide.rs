//! `onboarding-guide`: helps new customers set their account up.

use super::{Agent, Answer, Search, Step, Tool, Topic};
use crate::demo::{model, rhythm::Rhythm};

pub const AGENT: Agent = Agent {
    id: "onboarding-guide",
    entry: "guide",
    system: Some(
        "You guide new customers through the set-up of their account, one step at a time. Ask before you change a setting.",
    ),
    models: &[(&model::CLAUDE_HAIKU, 0.65), (&model::GPT_4O_MINI, 0.35)],
    rhythm: Rhythm::Office,
    conversations: 55.0,
    turns: (1, 5),
    failures: 0.012,
    limit_seconds: 30,
    quality: 86.0,
    tokens_input: 900.0,
    tokens_output: 130.0,
    tags: &["onboarding", "customer-facing"],
    topics: &[
        Topic {
            asks: &[
                "How do I connect {tool}?",
                "We are on the {plan} plan and want to use {tool}. What do I need?",
            ],
            answers: &[Answer::Text(
                "Open Settings → Integrations → {tool} and press Connect. You need to be an administrator there. Shall I check whether your {plan} plan includes it?",
            )],
            steps: &[Step::Guardrail("check_prompt_injection"), Step::Search(&GUIDES), Step::Answer],
        },
        Topic {
            asks: &[
                "Please invite my team, we are {seats} people.",
                "How many seats do we have left? I want to add {seats} colleagues.",
            ],
            answers: &[Answer::Text(
                "Your {plan} plan has room for {seats} more people. Paste their e-mail addresses here and I will send the invitations.",
            )],
            steps: &[
                Step::Guardrail("check_prompt_injection"),
                Step::Decide,
                Step::Call(&GET_ACCOUNT),
                Step::Answer,
            ],
        },
    ],
    follow_ups: &[
        Topic {
            asks: &["Done. What is next?", "ok, next step please"],
            answers: &[
                Answer::Text(
                    "Well done, {name}! Next: choose who may see billing. Most teams give that to two people.",
                ),
                Answer::Text(
                    "Next we import your data. A CSV with up to {count} rows works best to begin with.",
                ),
            ],
            steps: &[Step::Answer],
        },
        Topic {
            asks: &["It says that I have no permission.", "I do not see that button."],
            answers: &[Answer::Text(
                "Then your role is Member. Ask an administrator at {company} to make you one under Settings → People, or tell me their name and I will write to them.",
            )],
            steps: &[Step::Decide, Step::Call(&GET_ACCOUNT), Step::Answer],
        },
    ],
};

const GET_ACCOUNT: Tool = Tool {
    name: "get_account",
    millis: 120.0,
    arguments: &[("customer", "{company}")],
    result: &[("plan", "{plan}"), ("seats_free", "{seats}"), ("integrations", "{tool}")],
    failure: "AccountServiceError: 504 Gateway Timeout for {company}",
};

const GUIDES: Search = Search {
    name: "search_guides",
    millis: 90.0,
    documents: &[
        (
            "Connect an integration",
            "Integrations are connected by an administrator under Settings → Integrations.",
        ),
        ("Plans and what they include", "From the Team plan on, all integrations are included."),
    ],
};
