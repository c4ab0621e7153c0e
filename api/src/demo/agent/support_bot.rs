//! `support-bot-v2`: a shop's customers ask about their orders.

use super::{Agent, Answer, Search, Step, Tool, Topic};
use crate::demo::{model, rhythm::Rhythm};

pub const AGENT: Agent = Agent {
    id: "support-bot-v2",
    entry: "handle_message",
    system: Some(
        "You are the support assistant of an online shop. Be brief and friendly. Look orders up before you speak about them. \
         Refunds over 200 EUR go to a colleague.",
    ),
    models: &[(&model::GPT_4O, 0.5), (&model::GPT_4O_MINI, 0.35), (&model::CLAUDE_HAIKU, 0.15)],
    rhythm: Rhythm::Customers,
    conversations: 165.0,
    turns: (1, 5),
    failures: 0.015,
    limit_seconds: 30,
    quality: 84.0,
    tokens_input: 1_150.0,
    tokens_output: 95.0,
    tags: &["support", "customer-facing"],
    topics: &[
        Topic {
            asks: &[
                "Hi, where is my order #{order}? It should have been here {days} days ago.",
                "My order {order} with the {product} has not arrived yet. Can you check?",
                "Hello, {name} here. The tracking of #{order} has not moved for {days} days.",
            ],
            answers: &[
                Answer::Text(
                    "Hi {name}, order #{order} is on its way: it left the depot in {city} and should reach you within {days} days. You will get an e-mail with the time slot.",
                ),
                Answer::Text(
                    "I am sorry for the wait, {name}. The parcel with the {product} is held in {city}; the carrier promises delivery in {days} days. If it is not there by then, I will send a new one.",
                ),
            ],
            steps: &[
                Step::Guardrail("check_personal_data"),
                Step::Decide,
                Step::Call(&GET_ORDER),
                Step::Answer,
            ],
        },
        Topic {
            asks: &[
                "I want to return the {product} from order #{order}, it does not fit.",
                "The {product} I got is broken. How do I get my {amount} EUR back?",
            ],
            answers: &[
                Answer::Text(
                    "No problem, {name}. I have made a return label for order #{order} and sent it to you by e-mail. The {amount} EUR will be back on your account within {days} days of its arrival.",
                ),
                Answer::Text(
                    "That should not have happened. You can send the {product} back free of charge within 30 days; the label is in your inbox. Would you rather have a new one or the {amount} EUR back?",
                ),
            ],
            steps: &[
                Step::Guardrail("check_personal_data"),
                Step::Search(&POLICIES),
                Step::Decide,
                Step::Call(&CREATE_RETURN),
                Step::Answer,
            ],
        },
        Topic {
            asks: &[
                "Do you ship to {city}, and what does it cost?",
                "How long does delivery to {city} take at the moment?",
            ],
            answers: &[Answer::Text(
                "Yes, we deliver to {city} in {days} working days. Shipping is 4.90 EUR, and free from 60 EUR.",
            )],
            steps: &[Step::Search(&POLICIES), Step::Answer],
        },
    ],
    follow_ups: &[
        Topic {
            asks: &[
                "Thanks! Can I also change the delivery address?",
                "And could you send it to {city} instead?",
            ],
            answers: &[Answer::Text(
                "Once a parcel has left us, only the carrier can redirect it. I have sent you the link where you can choose another address in {city}.",
            )],
            steps: &[Step::Answer],
        },
        Topic {
            asks: &["Great, thank you.", "Perfect, that is all I needed.", "ok thx"],
            answers: &[
                Answer::Text("You are welcome, {name}! Have a good day."),
                Answer::Text("Happy to help. If anything else comes up, just write."),
            ],
            steps: &[Step::Answer],
        },
        Topic {
            asks: &[
                "This is the second time now. Can I speak to a person?",
                "I would like a voucher for the trouble.",
            ],
            answers: &[Answer::Text(
                "I understand, {name}. I have opened a ticket for a colleague, who will call you back today. For the trouble there is a voucher of 10 EUR in your account.",
            )],
            steps: &[Step::Guardrail("check_tone"), Step::Decide, Step::Call(&OPEN_TICKET), Step::Answer],
        },
    ],
};

const GET_ORDER: Tool = Tool {
    name: "get_order",
    millis: 140.0,
    arguments: &[("order_id", "{order}"), ("include", "shipments")],
    result: &[
        ("order_id", "{order}"),
        ("status", "in_transit"),
        ("item", "{product}"),
        ("last_scan", "{city}"),
        ("total_eur", "{amount}"),
        ("eta_days", "{days}"),
    ],
    failure: "OrderServiceError: GET /orders/{order} answered 502 after 3 attempts",
};

const CREATE_RETURN: Tool = Tool {
    name: "create_return_label",
    millis: 460.0,
    arguments: &[("order_id", "{order}"), ("reason", "customer_return"), ("refund_eur", "{amount}")],
    result: &[("label_id", "RL-{order}-1"), ("carrier", "DHL"), ("valid_days", "30")],
    failure: "CarrierApiError: label for {order} was refused: postal code does not match {city}",
};

const OPEN_TICKET: Tool = Tool {
    name: "open_ticket",
    millis: 210.0,
    arguments: &[("subject", "Call back about order {order}"), ("priority", "high")],
    result: &[("ticket", "T-{invoice}"), ("queue", "second-level")],
    failure: "TicketingError: queue second-level does not take new tickets at the moment",
};

const POLICIES: Search = Search {
    name: "search_help_center",
    millis: 95.0,
    documents: &[
        (
            "Returns and refunds",
            "Items can be returned within 30 days of delivery. The refund goes to the original means of payment within 9 days.",
        ),
        (
            "Shipping times and costs",
            "Standard delivery takes 2 to 9 working days. Orders from 60 EUR ship free of charge.",
        ),
        (
            "Damaged on arrival",
            "A photo is enough. We send a replacement at once and pick the damaged item up.",
        ),
    ],
};
