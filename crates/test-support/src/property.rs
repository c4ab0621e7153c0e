//! Property tests against a store: runs the cases of proptest sequentially and awaits each.

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestCaseError, TestRunner},
};
use tokio::{runtime::Handle, task::block_in_place};

/// Runs `property` with `cases` random inputs.
///
/// # Panics
/// Panics with the smallest failing input. Also panics outside of a multi-threaded runtime.
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
