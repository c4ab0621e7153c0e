//! Billable tokens of a call by kind, normalized from the different ways in which senders count.

/// The token counts of a call as sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Input tokens, usually including cached tokens.
    pub input: Option<i64>,
    /// Output tokens, usually including reasoning tokens.
    pub output: Option<i64>,
    /// Input tokens read from the cache of the provider.
    pub cache_read: Option<i64>,
    /// Input tokens written to the cache of the provider.
    pub cache_write: Option<i64>,
    /// Output tokens used for reasoning.
    pub reasoning: Option<i64>,
}

/// Billable tokens by kind. Each token is counted in exactly one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input tokens that were neither read from nor written to the cache.
    pub input: u64,
    /// Input tokens read from the cache.
    pub cache_read: u64,
    /// Input tokens written to the cache.
    pub cache_write: u64,
    /// Output tokens, including reasoning.
    pub output: u64,
}

impl From<Counts> for Usage {
    /// Splits the input into cached and other tokens. By the OpenTelemetry conventions, input tokens include cached tokens. If
    /// the cached tokens exceed the input, the sender counts them separately, and they are added instead. The same applies to
    /// reasoning and output tokens.
    fn from(counts: Counts) -> Self {
        let count = |tokens: Option<i64>| tokens.and_then(|tokens| u64::try_from(tokens).ok()).unwrap_or(0);
        let (input, output) = (count(counts.input), count(counts.output));
        let (cache_read, cache_write) = (count(counts.cache_read), count(counts.cache_write));
        let reasoning = count(counts.reasoning);
        Self {
            input: input.checked_sub(cache_read.saturating_add(cache_write)).unwrap_or(input),
            cache_read,
            cache_write,
            output: if reasoning > output { output.saturating_add(reasoning) } else { output },
        }
    }
}

impl Usage {
    /// Returns the number of all input tokens, which determines the price tier.
    #[must_use]
    pub fn whole_input(self) -> u64 {
        self.input.saturating_add(self.cache_read).saturating_add(self.cache_write)
    }

    /// Returns whether there are no billable tokens.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: i64, read: i64, write: i64, output: i64, reasoning: i64) -> Usage {
        Usage::from(Counts {
            input: Some(input),
            output: Some(output),
            cache_read: Some(read),
            cache_write: Some(write),
            reasoning: Some(reasoning),
        })
    }

    #[test]
    fn input_includes_cached_tokens() {
        let usage = usage(1_000, 800, 150, 70, 60);
        assert_eq!(usage, Usage { input: 50, cache_read: 800, cache_write: 150, output: 70 });
        assert_eq!(usage.whole_input(), 1_000);
    }

    #[test]
    fn all_input_tokens_can_be_cached() {
        assert_eq!(
            usage(950, 800, 150, 0, 0),
            Usage { cache_read: 800, cache_write: 150, ..Usage::default() }
        );
    }

    #[test]
    fn adds_cached_tokens_that_exceed_the_input() {
        // Anthropic's API counts cached tokens separately: 10 new tokens, 2,000 from the cache.
        let usage = usage(10, 2_000, 0, 5, 0);
        assert_eq!(usage, Usage { input: 10, cache_read: 2_000, cache_write: 0, output: 5 });
        assert_eq!(usage.whole_input(), 2_010);
    }

    #[test]
    fn adds_reasoning_tokens_that_exceed_the_output() {
        // Gemini's API counts thoughts separately from candidates.
        assert_eq!(usage(10, 0, 0, 40, 300).output, 340);
        assert_eq!(usage(10, 0, 0, 340, 300).output, 340);
    }

    #[test]
    fn absent_and_negative_counts_are_zero() {
        assert!(Usage::from(Counts::default()).is_empty());
        assert!(usage(-5, -1, -1, -7, -1).is_empty());
    }
}
