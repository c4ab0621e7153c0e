//! A histogram of latencies with buckets that grow by 3.5 % each. Percentiles are within 2 % of the exact value, and
//! histograms merge by addition.

use crate::error::CorruptData;

/// The ratio of a bucket's upper edge to its lower one. The middle of a bucket is at most (γ − 1) / (γ + 1) = 1.72 % away
/// from any value in it.
const GAMMA: f64 = 1.035;

/// The number of latencies in each bucket: a sparse list, sorted by bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    buckets: Vec<(u16, u64)>,
}

impl Histogram {
    /// Adds one latency, in microseconds.
    pub fn record(&mut self, latency: i64) {
        self.add(bucket_of(latency), 1);
    }

    /// Adds a count for each bucket, starting at bucket 0. Negative counts are ignored.
    pub fn merge_dense(&mut self, counts: &[i32]) {
        for (bucket, &count) in (0_u16..).zip(counts) {
            if let Ok(count @ 1..) = u64::try_from(count) {
                self.add(bucket, count);
            }
        }
    }

    /// Adds the counts of another histogram.
    pub fn merge(&mut self, other: &Self) {
        if self.buckets.is_empty() {
            return self.buckets.clone_from(&other.buckets);
        }
        let mut merged = Vec::with_capacity(self.buckets.len() + other.buckets.len());
        let mut mine = self.buckets.iter().copied().peekable();
        for &(bucket, count) in &other.buckets {
            while let Some(earlier) = mine.next_if(|&(known, _)| known < bucket) {
                merged.push(earlier);
            }
            let same = mine.next_if(|&(known, _)| known == bucket).map_or(0, |(_, count)| count);
            merged.push((bucket, count.saturating_add(same)));
        }
        merged.extend(mine);
        self.buckets = merged;
    }

    fn add(&mut self, bucket: u16, count: u64) {
        match self.buckets.binary_search_by_key(&bucket, |&(bucket, _)| bucket) {
            Ok(index) => self.buckets[index].1 = self.buckets[index].1.saturating_add(count),
            Err(index) => self.buckets.insert(index, (bucket, count)),
        }
    }

    /// Subtracts the counts of another histogram. No count becomes negative.
    pub fn subtract(&mut self, other: &Self) {
        for &(bucket, count) in &other.buckets {
            if let Ok(index) = self.buckets.binary_search_by_key(&bucket, |&(bucket, _)| bucket) {
                self.buckets[index].1 = self.buckets[index].1.saturating_sub(count);
            }
        }
        self.buckets.retain(|&(_, count)| count > 0);
    }

    /// Returns the latency in microseconds that `share` (0–1) of the latencies do not exceed (nearest rank), within 2 %,
    /// or `None` if the histogram is empty.
    #[must_use]
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let total = self.buckets.iter().fold(0, |total: u64, &(_, count)| total.saturating_add(count));
        let rank = ((share * total as f64).ceil() as u64).max(1);
        let mut seen = 0_u64;
        self.buckets.iter().find_map(|&(bucket, count)| {
            seen = seen.saturating_add(count);
            (seen >= rank).then(|| middle_of(bucket))
        })
    }

    /// Encodes the histogram: for each bucket its distance from the previous one and its count, as LEB128.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.buckets.len() * 3);
        let mut previous = 0;
        for &(bucket, count) in &self.buckets {
            write_leb128(&mut bytes, u64::from(bucket - previous));
            write_leb128(&mut bytes, count);
            previous = bucket;
        }
        bytes
    }

    /// Adds the counts of an encoded histogram.
    ///
    /// # Errors
    /// Returns an error if [`Histogram::encode`] did not write the bytes.
    pub fn merge_encoded(&mut self, mut bytes: &[u8]) -> Result<(), CorruptData> {
        let corrupt = || CorruptData("latency histogram".to_owned());
        let mut bucket = 0_u16;
        while !bytes.is_empty() {
            let distance = read_leb128(&mut bytes)
                .and_then(|distance| u16::try_from(distance).ok())
                .ok_or_else(corrupt)?;
            bucket = bucket.checked_add(distance).ok_or_else(corrupt)?;
            let count = read_leb128(&mut bytes).ok_or_else(corrupt)?;
            self.add(bucket, count);
        }
        Ok(())
    }
}

/// Returns the bucket of a latency in microseconds: 0 for zero, `n` for latencies from γ^(n−1) up to γ^n.
#[must_use]
pub fn bucket_of(latency: i64) -> u16 {
    if latency < 1 { 0 } else { ((latency as f64).ln() / GAMMA.ln()) as u16 + 1 }
}

fn middle_of(bucket: u16) -> f64 {
    match bucket {
        0 => 0.0,
        n => GAMMA.powi(i32::from(n) - 1) * 2.0 * GAMMA / (1.0 + GAMMA),
    }
}

fn write_leb128(bytes: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

fn read_leb128(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(latencies: &[i64]) -> Histogram {
        let mut histogram = Histogram::default();
        latencies.iter().for_each(|&latency| histogram.record(latency));
        histogram
    }

    proptest! {
        #[test]
        fn percentiles_are_within_two_percent_of_the_exact_value(
            mut latencies in prop::collection::vec(0_i64..600_000_000_000, 1..200), share in 0.0_f64..=1.0,
        ) {
            let found = of(&latencies).percentile(share).unwrap();
            latencies.sort_unstable();
            let rank = ((share * latencies.len() as f64).ceil() as usize).max(1);
            let expected = latencies[rank - 1] as f64;
            prop_assert!((found - expected).abs() <= 0.02 * expected, "{found} for {expected}");
        }

        #[test]
        fn merging_two_halves_equals_recording_everything(latencies in prop::collection::vec(0_i64..1_000_000, 0..100), cut in 0_usize..100) {
            let (left, right) = latencies.split_at(cut.min(latencies.len()));
            let mut merged = Histogram::default();
            merged.merge_encoded(&of(left).encode()).unwrap();
            merged.merge_encoded(&of(right).encode()).unwrap();
            prop_assert_eq!(&merged, &of(&latencies));
            let mut halves = of(left);
            halves.merge(&of(right));
            prop_assert_eq!(&halves, &merged);
        }

        #[test]
        fn subtracting_leaves_the_rest(kept in prop::collection::vec(0_i64..1_000_000, 0..50), removed in prop::collection::vec(0_i64..1_000_000, 0..50)) {
            let mut all = of(&[&kept[..], &removed].concat());
            all.subtract(&of(&removed));
            prop_assert_eq!(all, of(&kept));
        }

        #[test]
        fn decoding_random_bytes_does_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = Histogram::default().merge_encoded(&bytes);
        }
    }

    #[test]
    fn an_empty_histogram_has_no_percentile() {
        assert_eq!(Histogram::default().percentile(0.5), None);
    }
}
