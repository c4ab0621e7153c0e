//! `invoice-extractor`: reads the day's invoices at night.

use super::{Agent, Answer, Step, Tool, Topic};
use crate::demo::{model, rhythm::Rhythm};

pub const AGENT: Agent = Agent {
    id: "invoice-extractor",
    entry: "extract_invoice",
    system: None,
    models: &[(&model::GEMINI_FLASH, 0.55), (&model::GPT_4O_MINI, 0.45)],
    rhythm: Rhythm::Nightly,
    conversations: 235.0,
    turns: (1, 1),
    failures: 0.025,
    limit_seconds: 30,
    quality: 90.0,
    tokens_input: 1_750.0,
    tokens_output: 140.0,
    tags: &["finance", "batch"],
    topics: &[
        Topic {
            asks: &[
                "INVOICE No. {invoice}\n{company}\n\n1 x {product}                 {net}\nVAT 19 %                      {tax}\nTotal EUR                     {gross}\n\nPayable within {days} days.",
                "{company}\nRechnung Nr. {invoice}\n\nPos. 1  {product}   netto {net} EUR\n        zzgl. 19 % USt. {tax} EUR\nGesamtbetrag {gross} EUR, zahlbar in {days} Tagen",
            ],
            answers: &[Answer::Object(&[
                ("supplier", "{company}"),
                ("invoice_number", "{invoice}"),
                ("net", "{net}"),
                ("tax", "{tax}"),
                ("gross", "{gross}"),
                ("currency", "EUR"),
                ("due_days", "{days}"),
            ])],
            steps: &[Step::Call(&READ_PAGES), Step::Answer, Step::Guardrail("check_sums")],
        },
        Topic {
            asks: &[
                "CREDIT NOTE {invoice}\n{company}\n\nReturned: {product}\nNet {net}  VAT {tax}  Total {gross} EUR",
            ],
            answers: &[Answer::Object(&[
                ("supplier", "{company}"),
                ("credit_note_number", "{invoice}"),
                ("net", "-{net}"),
                ("tax", "-{tax}"),
                ("gross", "-{gross}"),
                ("currency", "EUR"),
            ])],
            steps: &[
                Step::Call(&READ_PAGES),
                Step::Decide,
                Step::Call(&FIND_SUPPLIER),
                Step::Answer,
                Step::Guardrail("check_sums"),
            ],
        },
    ],
    follow_ups: &[],
};

const READ_PAGES: Tool = Tool {
    name: "ocr_pages",
    millis: 720.0,
    arguments: &[("document", "s3://inbox/{invoice}.pdf"), ("languages", "de,en")],
    result: &[("pages", "1"), ("confidence", "0.97"), ("characters", "{count}")],
    failure: "OcrError: {invoice}.pdf is encrypted",
};

const FIND_SUPPLIER: Tool = Tool {
    name: "find_supplier",
    millis: 110.0,
    arguments: &[("name", "{company}")],
    result: &[("supplier_id", "SUP-{pr}"), ("match", "exact")],
    failure: "ErpError: more than one supplier is called {company}",
};
