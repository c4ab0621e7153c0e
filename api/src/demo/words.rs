//! The words that vary conversations: names, numbers and things for the `{slots}` of the templates.

use super::random::Random;

/// The words of a conversation, the same in all its turns.
#[derive(Clone, Debug)]
pub struct Words(Vec<(&'static str, String)>);

const LISTS: [(&str, &[&str]); 12] = [
    (
        "name",
        &[
            "Mia", "Jonas", "Aisha", "Carlos", "Ingrid", "Wei", "Priya", "Tom", "Elena", "Noah", "Fatou",
            "Liam",
        ],
    ),
    (
        "product",
        &[
            "running shoes",
            "desk lamp",
            "espresso grinder",
            "rain jacket",
            "noise-cancelling headphones",
            "standing desk",
            "backpack",
            "bike helmet",
        ],
    ),
    (
        "city",
        &[
            "Hamburg", "Lyon", "Austin", "Porto", "Gdańsk", "Toronto", "Utrecht", "Dublin", "Valencia",
            "Leeds",
        ],
    ),
    (
        "company",
        &[
            "Nordwind Logistik GmbH",
            "Atelier Dumas SARL",
            "Brightwater Ltd",
            "Kestrel Supplies Inc.",
            "Ferreira & Filhos Lda",
            "Alpenglas AG",
        ],
    ),
    ("plan", &["Starter", "Team", "Business", "Enterprise"]),
    (
        "repo",
        &["payments-api", "web-checkout", "inventory-sync", "auth-gateway", "mobile-app", "reporting-jobs"],
    ),
    (
        "file",
        &[
            "src/cart/total.rs",
            "src/session/store.rs",
            "app/routes/checkout.ts",
            "src/sync/retry.rs",
            "lib/pricing/discount.py",
            "src/auth/token.rs",
        ],
    ),
    (
        "function",
        &[
            "apply_discount",
            "refresh_session",
            "retry_with_backoff",
            "merge_line_items",
            "parse_webhook",
            "verify_signature",
        ],
    ),
    ("table", &["orders", "subscriptions", "page_views", "support_tickets", "shipments", "refunds"]),
    ("market", &["DACH", "Benelux", "Iberia", "Nordics", "North America", "UK & Ireland"]),
    (
        "topic",
        &[
            "heat pumps in multi-family houses",
            "perovskite solar cells",
            "retrieval-augmented generation for legal texts",
            "sodium-ion batteries for grid storage",
            "four-day work weeks",
            "microplastics in drinking water",
            "carbon border adjustment in the EU",
            "on-device speech recognition",
        ],
    ),
    ("tool", &["Slack", "Jira", "GitHub", "Salesforce", "HubSpot", "Zendesk"]),
];

const NUMBERS: [(&str, u64, u64); 8] = [
    ("order", 41_000, 98_999),
    ("days", 2, 9),
    ("percent", 3, 38),
    ("count", 12, 980),
    ("pr", 310, 2_890),
    ("line", 18, 420),
    ("seats", 3, 120),
    ("invoice", 10_240, 99_870),
];

impl Words {
    /// Draws a word for every slot.
    pub fn draw(random: &mut Random) -> Self {
        let mut words = Vec::with_capacity(LISTS.len() + NUMBERS.len() + 4);
        for (slot, list) in LISTS {
            words.push((slot, random.pick(list).copied().unwrap_or_default().to_owned()));
        }
        for (slot, low, high) in NUMBERS {
            words.push((slot, (low + random.below(high - low + 1)).to_string()));
        }
        // In cents, so that net, tax and gross add up.
        let net = 1_900 + random.below(480_000);
        let tax = (net * 19 + 50) / 100;
        for (slot, cents) in
            [("net", net), ("tax", tax), ("gross", net + tax), ("amount", 900 + random.below(24_000))]
        {
            words.push((slot, format!("{}.{:02}", cents / 100, cents % 100)));
        }
        Self(words)
    }

    /// Fills every `{slot}` of a template; unknown slots remain.
    pub fn fill(&self, template: &str) -> String {
        let mut text = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            text.push_str(&rest[..open]);
            rest = &rest[open..];
            let slot = rest.find('}').map_or("", |close| &rest[1..close]);
            if let Some((_, word)) = self.0.iter().find(|(known, _)| *known == slot) {
                text.push_str(word);
                rest = &rest[slot.len() + 2..];
            } else {
                text.push('{');
                rest = &rest[1..];
            }
        }
        text.push_str(rest);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_slots_and_keeps_other_braces() {
        let words = Words(vec![("name", "Mia".to_owned())]);
        assert_eq!(words.fill("Hi {name}, {\"a\": {}} {what} {name}"), "Hi Mia, {\"a\": {}} {what} Mia");
        assert_eq!(words.fill("open {"), "open {");
    }

    #[test]
    fn net_and_tax_add_up_to_gross() {
        let words = Words::draw(&mut Random::of(&[5]));
        let cents =
            |slot: &str| words.fill(&format!("{{{slot}}}")).replace('.', "").parse::<u64>().unwrap_or(0);
        assert!(cents("net") > 0);
        assert_eq!(cents("net") + cents("tax"), cents("gross"));
    }
}
