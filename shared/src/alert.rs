//! Alerts: what the workspace should look at.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Timestamp,
    answer::{from_answer, from_word},
};

/// Something that went out of bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alert {
    /// This alert.
    pub id: Uuid,
    /// Whose it is.
    pub workspace_id: Uuid,
    /// A short headline.
    pub title: String,
    /// A sentence with the numbers.
    pub description: String,
    /// How bad it is.
    pub severity: Severity,
    /// The measured value, in the metric's unit.
    pub metric_value: Option<f64>,
    /// When it fired.
    pub created_at: Timestamp,
}

from_answer!(Alert { id, workspace_id, title, description, severity, metric_value, created_at });

/// How bad an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look today.
    Warning,
    /// Worth a look now.
    Critical,
}

from_word!(Severity);

impl Severity {
    /// All of them, mildest first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// The word in JSON, in a query string and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}
