//! Many replicas that start at once on an empty database: one applies the migrations, the others wait for it.

use crate::stack::{Plan, Stack};
use test_support::client::Client;

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_together_on_an_empty_database_all_become_ready() {
    let stack =
        Stack::start(Plan { gateways: 0, ingestions: 0, processings: 0, queries: 0, ..Plan::default() })
            .await;
    let processes = std::thread::scope(|scope| {
        let start = |role| {
            let stack = &stack;
            scope.spawn(move || stack.run(role, 0))
        };
        let starting: Vec<_> =
            ["processing", "query", "processing", "query", "query", "processing"].map(start).into();
        starting.into_iter().map(|start| start.join().unwrap()).collect::<Vec<_>>()
    });
    for process in &processes {
        Client::new(&process.url).get("/ready").await.expect(200);
    }
}
