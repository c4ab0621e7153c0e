//! The names of migrations in the output of `agent-obs migrate`.

use sqlx::migrate::Migrator;

/// Returns the migrations that are not applied yet, in order, as `place: 0001 description`.
pub(crate) fn missing(migrator: &Migrator, place: &str, applied: &[i64]) -> Vec<String> {
    let missing = migrator.iter().filter(|step| !applied.contains(&step.version));
    missing.map(|step| format!("{place}: {:04} {}", step.version, step.description)).collect()
}
