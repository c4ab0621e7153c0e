//! How migrations are named to people, whichever engine they are for.

use sqlx::migrate::Migrator;

/// The steps that were not applied yet, in their order: `place: 0001 what it makes`.
pub(crate) fn missing(migrator: &Migrator, place: &str, applied: &[i64]) -> Vec<String> {
    let missing = migrator.iter().filter(|step| !applied.contains(&step.version));
    missing.map(|step| format!("{place}: {:04} {}", step.version, step.description)).collect()
}
