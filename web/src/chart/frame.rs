//! From values to pixels, and the shapes between them. Pure.

use std::time::Duration;

use shared::Timestamp;

use crate::format::plain;

/// Where a chart's inside lies, and what it spans.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Pixels to the inside's left edge.
    pub left: f64,
    /// Pixels to its right edge.
    pub right: f64,
    /// Pixels to its upper edge.
    pub top: f64,
    /// Pixels to its lower edge.
    pub bottom: f64,
    /// The moment at the left edge.
    pub start: Timestamp,
    /// The moment at the right edge.
    pub end: Timestamp,
    /// The value at the lower edge.
    pub lowest: f64,
    /// The value at the upper edge.
    pub highest: f64,
}

impl Frame {
    /// Where `moment` stands; at the nearer edge where it is outside.
    pub fn x(&self, moment: Timestamp) -> f64 {
        let share = micros(moment.since(self.start)) / micros(self.end.since(self.start)).max(1.0);
        self.left + share.min(1.0) * (self.right - self.left)
    }

    /// Where `value` stands.
    pub fn y(&self, value: f64) -> f64 {
        self.bottom
            - ((value - self.lowest) / (self.highest - self.lowest)).clamp(0.0, 1.0)
                * (self.bottom - self.top)
    }

    /// Which step the pixel `x` lies in.
    pub fn step_at(&self, x: f64, first: Timestamp, step: Duration, steps: usize) -> Option<usize> {
        let share = (x - self.left) / (self.right - self.left);
        if steps == 0 || !(-0.02..=1.02).contains(&share) {
            return None;
        }
        let into =
            micros(self.start.since(first)) + share.clamp(0.0, 1.0) * micros(self.end.since(self.start));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is bounded below"
        )]
        let index = (into / micros(step).max(1.0)) as usize;
        Some(index.min(steps - 1))
    }

    /// A line through the middles of the steps, broken where there is no value.
    pub fn line(&self, points: &[(Timestamp, Option<f64>)]) -> String {
        let mut path = String::new();
        let mut pen_down = false;
        for (moment, value) in points {
            pen_down = match value {
                Some(value) => {
                    let command = if pen_down { 'L' } else { 'M' };
                    path.push_str(&format!(
                        "{command}{} {}",
                        pixels(self.x(*moment)),
                        pixels(self.y(*value))
                    ));
                    true
                }
                None => false,
            };
        }
        path
    }

    /// The area below the unbroken stretches of that line.
    pub fn area(&self, points: &[(Timestamp, Option<f64>)]) -> String {
        let stretches = points.split(|point| point.1.is_none()).filter(|stretch| stretch.len() > 1);
        stretches
            .map(|stretch| {
                let edge = |point: Option<&(Timestamp, Option<f64>)>| {
                    point.map_or(self.left, |point| self.x(point.0))
                };
                let (first, last) = (edge(stretch.first()), edge(stretch.last()));
                let [first, last, bottom] = [first, last, self.bottom].map(pixels);
                format!("{}L{last} {bottom}L{first} {bottom}Z", self.line(stretch))
            })
            .collect()
    }
}

/// A coordinate: a tenth of a pixel is finer than any screen.
pub fn pixels(value: f64) -> String {
    plain(value, 1)
}

#[expect(clippy::cast_precision_loss, reason = "for pixels")]
fn micros(duration: Duration) -> f64 {
    duration.as_micros() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::EPOCH + Duration::from_secs(seconds)
    }

    fn frame() -> Frame {
        Frame {
            left: 10.0,
            right: 110.0,
            top: 0.0,
            bottom: 100.0,
            start: at(0),
            end: at(100),
            lowest: 0.0,
            highest: 50.0,
        }
    }

    #[test]
    fn time_runs_to_the_right_and_values_up() {
        assert_eq!(frame().x(at(50)), 60.0);
        assert_eq!(frame().x(at(500)), 110.0);
        assert_eq!(frame().y(25.0), 50.0);
        assert_eq!(Frame { lowest: -50.0, ..frame() }.y(0.0), 50.0);
    }

    #[test]
    fn a_line_is_broken_where_there_is_no_value() {
        let points = [(at(0), Some(0.0)), (at(10), None), (at(20), Some(50.0)), (at(30), Some(50.0))];
        assert_eq!(frame().line(&points), "M10.0 100.0M30.0 0.0L40.0 0.0");
        assert_eq!(frame().area(&points), "M30.0 0.0L40.0 0.0L40.0 100.0L30.0 100.0Z");
    }

    #[test]
    fn a_pixel_belongs_to_the_step_it_lies_in() {
        let step = Duration::from_secs(25);
        assert_eq!(frame().step_at(10.0, at(0), step, 4), Some(0));
        assert_eq!(frame().step_at(109.0, at(0), step, 4), Some(3));
        assert_eq!(frame().step_at(500.0, at(0), step, 4), None);
    }
}
