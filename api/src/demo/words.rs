//! The words that vary conversations: names, numbers and things for the `{slots}` of the templates.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{data, random::Random};

/// The words of a conversation, the same in all its turns.
#[derive(Clone, Debug)]
pub struct Words(Vec<(&'static str, String)>);

/// The lists and ranges from which words are drawn. The order is part of the meaning of a seed.
#[derive(Default, Deserialize)]
struct Choices {
    /// Slots with words.
    lists: Vec<(String, Vec<String>)>,
    /// Slots with the smallest and the largest number.
    numbers: Vec<(String, u64, u64)>,
}

static CHOICES: LazyLock<Choices> = LazyLock::new(|| data::read(include_str!("words.json")));

impl Words {
    /// Draws a word for every slot.
    pub fn draw(random: &mut Random) -> Self {
        let Choices { lists, numbers } = &*CHOICES;
        let mut words = Vec::with_capacity(lists.len() + numbers.len() + 4);
        for (slot, list) in lists {
            words.push((slot.as_str(), random.pick(list).cloned().unwrap_or_default()));
        }
        for (slot, low, high) in numbers {
            words.push((slot, (low + random.below(high - low + 1)).to_string()));
        }
        // Amounts are in cents, so that net, tax and gross add up.
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
