//! The only sort function of the page. Each further one would add its own copy of the algorithm to the binary.

/// Sorts indexes by `key`, then by index, so that the result is deterministic.
pub fn sort_by_key(numbers: &mut [usize], key: &dyn Fn(usize) -> (i64, i64)) {
    numbers.sort_unstable_by_key(|&number| (key(number), number));
}
