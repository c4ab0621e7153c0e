//! The quality of a trace: the mean of its scores.

use shared::trace::DEFAULT_SCORE_NAME;

/// Returns the mean of a trace's scores in millionths of a point, rounded half up, or `None` if it has none. The quality
/// that was sent with the trace counts as a score unless a score with the default name replaces it.
pub fn mean<'a>(sent: Option<i64>, scores: impl IntoIterator<Item = (&'a str, i64)>) -> Option<i64> {
    let (mut sent, mut sum, mut count) = (sent, 0, 0);
    for (name, score) in scores {
        if name == DEFAULT_SCORE_NAME {
            sent = None;
        }
        sum += score;
        count += 1;
    }
    if let Some(sent) = sent {
        sum += sent;
        count += 1;
    }
    (count > 0).then(|| (sum + count / 2) / count)
}
