//! Chance that repeats itself: a small generator of our own (SplitMix64), because the demo's past must stay the same
//! when a dependency changes its mind about how it draws.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of numbers that is the same for the same beginning.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream that belongs to `parts`, in this order.
    pub fn of(parts: &[u64]) -> Self {
        Self(parts.iter().fold(GOLDEN, |state, &part| mix(state.wrapping_add(GOLDEN) ^ mix(part))))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// From 0 up to, not including, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From `low` up to, not including, `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number from 0 up to, not including, `count`; 0 where that is 0.
    pub fn below(&mut self, count: u64) -> u64 {
        // The high half of the product: every number is as likely as any other, to one in 2⁶⁴ / count.
        u64::try_from((u128::from(self.bits()) * u128::from(count)) >> 64).unwrap_or(0)
    }

    /// Whether something of this probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of `items`; nothing where there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(usize::try_from(self.below(items.len() as u64)).unwrap_or(0))
    }

    /// A bell curve around `mean`.
    pub fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        // Box and Muller; 1 − u keeps the logarithm's argument above 0.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        mean + deviation * radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// What durations and lengths look like: half of them below `median`, a long tail above; `sigma` is the tail's.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * self.normal(0.0, sigma).exp()
    }

    /// How often something happens that happens `mean` times on average. Meant for small means.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        let floor = (-mean).exp();
        let mut product = self.unit();
        let mut count = 0;
        while product > floor {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 20_000;

    fn mean(mut draw: impl FnMut(&mut Random) -> f64) -> f64 {
        let mut random = Random::of(&[42]);
        (0..DRAWS).map(|_| draw(&mut random)).sum::<f64>() / f64::from(DRAWS)
    }

    #[test]
    fn the_same_beginning_gives_the_same_stream_and_another_one_another() {
        let draw = |parts: &[u64]| Random::of(parts).bits();
        assert_eq!(draw(&[1, 2]), draw(&[1, 2]));
        assert_ne!(draw(&[1, 2]), draw(&[2, 1]));
        assert_ne!(draw(&[1]), draw(&[1, 0]));
    }

    #[test]
    fn draws_have_the_mean_that_they_should() {
        assert!((mean(Random::unit) - 0.5).abs() < 0.01);
        assert!((mean(|random| random.normal(10.0, 2.0)) - 10.0).abs() < 0.1);
        assert!((mean(|random| f64::from(u32::from(random.log_normal(8.0, 0.5) < 8.0))) - 0.5).abs() < 0.02);
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let poisson = mean(|random| random.poisson(0.7) as f64);
        assert!((poisson - 0.7).abs() < 0.03);
    }

    #[test]
    fn a_pick_reaches_every_item_and_nothing_else() {
        let mut random = Random::of(&[7]);
        let mut seen = [0; 3];
        for _ in 0..300 {
            if let Some(&index) = random.pick(&[0, 1, 2]) {
                seen[index] += 1;
            }
        }
        assert!(seen.iter().all(|&count| count > 60), "{seen:?}");
        assert_eq!(random.pick::<u8>(&[]), None);
    }
}
