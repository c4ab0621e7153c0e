//! A reproducible random generator (SplitMix64). It is implemented here, because the demo's history must not change
//! with the version of a dependency.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A sequence of numbers determined by its seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Creates the generator for `parts`, in this order.
    pub fn of(parts: &[u64]) -> Self {
        Self(parts.iter().fold(GOLDEN, |state, &part| mix(state.wrapping_add(GOLDEN) ^ mix(part))))
    }

    /// Returns the next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// Returns a number in [0, 1).
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a number in [low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Returns an integer in [0, count); 0 if `count` is 0.
    pub fn below(&mut self, count: u64) -> u64 {
        // The high half of the product is uniform up to an error of count / 2⁶⁴.
        u64::try_from((u128::from(self.bits()) * u128::from(count)) >> 64).unwrap_or(0)
    }

    /// Returns true with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Returns a random item; `None` if there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(usize::try_from(self.below(items.len() as u64)).unwrap_or(0))
    }

    /// Returns a normally distributed number.
    pub fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        // Box-Muller transform; 1 − u keeps the argument of the logarithm above 0.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        mean + deviation * radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Returns a log-normally distributed number with this median, as is typical of durations and lengths.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * self.normal(0.0, sigma).exp()
    }

    /// Returns a Poisson-distributed number; efficient for small means only.
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
    fn equal_seeds_give_equal_sequences_and_others_differ() {
        let draw = |parts: &[u64]| Random::of(parts).bits();
        assert_eq!(draw(&[1, 2]), draw(&[1, 2]));
        assert_ne!(draw(&[1, 2]), draw(&[2, 1]));
        assert_ne!(draw(&[1]), draw(&[1, 0]));
    }

    #[test]
    fn distributions_have_the_expected_mean() {
        assert!((mean(Random::unit) - 0.5).abs() < 0.01);
        assert!((mean(|random| random.normal(10.0, 2.0)) - 10.0).abs() < 0.1);
        assert!((mean(|random| f64::from(u32::from(random.log_normal(8.0, 0.5) < 8.0))) - 0.5).abs() < 0.02);
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let poisson = mean(|random| random.poisson(0.7) as f64);
        assert!((poisson - 0.7).abs() < 0.03);
    }

    #[test]
    fn pick_reaches_every_item() {
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
