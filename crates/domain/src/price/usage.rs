//! How many tokens of each kind a call is charged for, made of what senders count in different ways.

/// What a sender says of the tokens of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Went in.
    pub input: Option<i64>,
    /// Came out.
    pub output: Option<i64>,
    /// Went in, read from the provider's cache.
    pub cache_read: Option<i64>,
    /// Went in, written to the provider's cache.
    pub cache_write: Option<i64>,
    /// Came out, of reasoning.
    pub reasoning: Option<i64>,
}

/// Tokens by the price that they have. No token is in two of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Went in, and neither read from nor written to the cache.
    pub input: u64,
    /// Went in, read from the cache.
    pub cache_read: u64,
    /// Went in, written to the cache.
    pub cache_write: u64,
    /// Came out.
    pub output: u64,
}

impl From<Counts> for Usage {
    /// By OpenTelemetry's conventions the input includes what was read from and written to the cache. Where those are more
    /// than the input, the sender cannot have meant it so: then they come on top. The same holds of reasoning and output.
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
    /// Everything that went in: what tiers of prices depend on.
    #[must_use]
    pub fn whole_input(self) -> u64 {
        self.input.saturating_add(self.cache_read).saturating_add(self.cache_write)
    }

    /// Whether there is nothing to charge for.
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
    fn the_input_includes_what_was_cached() {
        let usage = usage(1_000, 800, 150, 70, 60);
        assert_eq!(usage, Usage { input: 50, cache_read: 800, cache_write: 150, output: 70 });
        assert_eq!(usage.whole_input(), 1_000);
    }

    #[test]
    fn everything_may_have_been_cached() {
        assert_eq!(
            usage(950, 800, 150, 0, 0),
            Usage { cache_read: 800, cache_write: 150, ..Usage::default() }
        );
    }

    #[test]
    fn more_from_the_cache_than_went_in_was_meant_apart() {
        // As Anthropic's own API counts: 10 new tokens, 2,000 from the cache.
        let usage = usage(10, 2_000, 0, 5, 0);
        assert_eq!(usage, Usage { input: 10, cache_read: 2_000, cache_write: 0, output: 5 });
        assert_eq!(usage.whole_input(), 2_010);
    }

    #[test]
    fn more_reasoning_than_output_was_meant_apart() {
        // As Gemini's API counts: candidates and thoughts.
        assert_eq!(usage(10, 0, 0, 40, 300).output, 340);
        assert_eq!(usage(10, 0, 0, 340, 300).output, 340);
    }

    #[test]
    fn what_is_absent_or_negative_is_nothing() {
        assert!(Usage::from(Counts::default()).is_empty());
        assert!(usage(-5, -1, -1, -7, -1).is_empty());
    }
}
