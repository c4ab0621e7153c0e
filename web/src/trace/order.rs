//! What comes before what: the one way to sort here, since every other one is in the binary once more.

/// Sorts numbers by what `key` says of each, and where it says the same of two, by themselves: so the order is one whatever
/// the sort.
pub fn sort_by_key(numbers: &mut [usize], key: &dyn Fn(usize) -> (i64, i64)) {
    numbers.sort_unstable_by_key(|&number| (key(number), number));
}
