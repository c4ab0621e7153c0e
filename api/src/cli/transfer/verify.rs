//! Compares both sides: everything that was copied exists once and is included in the rollups.

use std::collections::{BTreeSet, HashMap};

use shared::Timestamp;
use store::trace::Tally;
use uuid::Uuid;

use super::{SourceDir, Target, error::TransferError};

/// Compares the workspaces, and prints those that differ.
pub(super) async fn verify(
    from: &SourceDir,
    to: &Target,
    workspaces: BTreeSet<Uuid>,
) -> Result<(), TransferError> {
    let names: HashMap<_, _> = from.accounts.workspaces().collect();
    let mut different = 0;
    for &id in &workspaces {
        let source = from.traces.tally(id, from.since).await.map_err(TransferError::TraceFile)?;
        let target = to.traces.tally(id, from.since).await.map_err(TransferError::TraceServer)?;
        if source != target {
            different += 1;
            let name = names.get(&id).copied().unwrap_or("without a name");
            eprintln!(
                "workspace {id} ({name}) differs{}: the directory has {}, the server {}",
                first_day(&source, &target).map(|day| format!(" from {day} on")).unwrap_or_default(),
                text(&source),
                text(&target)
            );
        }
    }
    if different > 0 {
        return Err(TransferError::Different(different));
    }
    println!("verified: directory and servers are equal in every workspace");
    Ok(())
}

/// Returns the first day whose rollups differ.
fn first_day(source: &Tally, target: &Tally) -> Option<Timestamp> {
    let same = |day| source.days.contains(day) && target.days.contains(day);
    source.days.iter().chain(&target.days).filter(|day| !same(day)).map(|&(day, _)| day).min()
}

/// Formats the row counts and rollups; money to the last digit.
fn text(tally: &Tally) -> String {
    let sums = tally.sums();
    format!(
        "{} traces (rollups: {} requests, {} tokens, ${:.9}, {} scored)",
        tally.traces,
        sums.requests,
        sums.tokens,
        sums.cost_usd(),
        sums.scored
    )
}
