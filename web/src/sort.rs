//! Sorting. Every type and every order would add a copy of the algorithm to the page, so lists are sorted by their indices.

use std::cmp::Ordering;

/// Sorts `indices` by `compare`. Equal ones keep their order.
pub fn sort_indices(indices: &mut [usize], compare: &dyn Fn(usize, usize) -> Ordering) {
    indices.sort_by(|&a, &b| compare(a, b));
}

/// Returns the indices of a list of `length` items in the order of `compare`.
pub fn sorted_indices(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..length).collect();
    sort_indices(&mut indices, compare);
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_items_keep_their_order() {
        let items = ["b", "a", "b", "a"];
        assert_eq!(sorted_indices(items.len(), &|a, b| items[a].cmp(items[b])), [1, 3, 0, 2]);
    }
}
