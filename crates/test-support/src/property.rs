//! Running a property against a store: proptest's cases one after the other, each awaited where it stands.

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestCaseError, TestRunner},
};
use tokio::{runtime::Handle, task::block_in_place};

/// Runs `property` over `cases` random inputs, and panics with the smallest input found that breaks it. Must be called
/// in a runtime of several threads.
pub fn check<S: Strategy>(
    cases: u32,
    inputs: &S,
    property: impl AsyncFn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let outcome = TestRunner::new(config)
        .run(inputs, |input| block_in_place(|| Handle::current().block_on(property(input))));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
