//! `sql-analyst`: answers questions about the company's data by writing and running SQL.

use super::{Agent, Answer, Search, Step, Tool, Topic};
use crate::demo::{model, rhythm::Rhythm};

pub const AGENT: Agent = Agent {
    id: "sql-analyst",
    entry: "answer_question",
    system: Some(
        "You answer questions about the data warehouse. Write one read-only SQL statement, run it, and explain the result in two sentences.",
    ),
    models: &[(&model::GPT_4O, 0.6), (&model::GEMINI_FLASH, 0.4)],
    rhythm: Rhythm::Office,
    conversations: 92.0,
    turns: (1, 4),
    failures: 0.03,
    limit_seconds: 60,
    quality: 80.0,
    tokens_input: 2_600.0,
    tokens_output: 160.0,
    tags: &["analytics", "internal"],
    topics: &[
        Topic {
            asks: &[
                "How many {table} did we have in {market} last week, against the week before?",
                "Show me the trend of {table} in {market}.",
            ],
            answers: &[
                Answer::Text(
                    "There were {count} {table} in {market} last week, {percent} % more than the week before. Most of the growth comes from {city}.",
                ),
                Answer::Text(
                    "{table} in {market}: {count} last week (−{percent} % week over week). Without {city}, where a holiday fell into the week, it would be flat.",
                ),
            ],
            steps: &[Step::Search(&SCHEMA), Step::Decide, Step::Call(&RUN_QUERY), Step::Answer],
        },
        Topic {
            asks: &[
                "Which {plan} customers opened the most {table}?",
                "Top ten customers on the {plan} plan by {table}, please.",
            ],
            answers: &[Answer::Text(
                "{company} leads with {count} {table}, followed by two customers with about half as many. Together the top ten hold {percent} % of all {table} on the {plan} plan.",
            )],
            steps: &[Step::Search(&SCHEMA), Step::Decide, Step::Call(&RUN_QUERY), Step::Answer],
        },
    ],
    follow_ups: &[
        Topic {
            asks: &["Split that by city.", "Only {city}, please.", "And the same for the last 90 days?"],
            answers: &[Answer::Text(
                "In {city} it is {count}, or {percent} % of the total; no other city is above 10 %.",
            )],
            steps: &[Step::Decide, Step::Call(&RUN_QUERY), Step::Answer],
        },
        Topic {
            asks: &["What does the query look like?", "Is that net of cancellations?"],
            answers: &[Answer::Text(
                "It counts rows of `{table}` with `state <> 'cancelled'`, so cancellations are left out. With them the figure would be {percent} % higher.",
            )],
            steps: &[Step::Answer],
        },
    ],
};

const RUN_QUERY: Tool = Tool {
    name: "run_query",
    millis: 640.0,
    arguments: &[
        (
            "sql",
            "SELECT date_trunc('week', created_at) AS week, count(*) FROM {table} WHERE market = '{market}' GROUP BY 1 ORDER BY 1 DESC LIMIT 2",
        ),
        ("timeout_s", "20"),
    ],
    result: &[
        ("rows", "2"),
        ("this_week", "{count}"),
        ("change_percent", "{percent}"),
        ("scanned_mb", "{line}"),
    ],
    failure: "SQLSTATE 42703: column \"market\" of relation \"{table}\" does not exist",
};

const SCHEMA: Search = Search {
    name: "search_schema",
    millis: 60.0,
    documents: &[
        (
            "public.orders",
            "id bigint, customer_id bigint, market text, state text, total numeric, created_at timestamptz",
        ),
        (
            "public.subscriptions",
            "id bigint, customer_id bigint, plan text, seats int, market text, created_at timestamptz",
        ),
    ],
};
