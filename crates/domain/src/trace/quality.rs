//! A trace's quality: the mean of all its scores.

use shared::trace::DEFAULT_SCORE_NAME;

/// The mean of a trace's scores, by name, and of the one that came with it, unless a score of the default name replaced
/// it; to the nearest millionth of a point, halves up. Nothing where there is no score.
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
