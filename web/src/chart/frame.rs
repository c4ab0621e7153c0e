//! Converts values to pixels and SVG paths. Pure functions.

use std::time::Duration;

use shared::Timestamp;

/// The plot area of a chart: its pixels, and the times and values at its edges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// The x coordinate of the left edge, in pixels.
    pub left: f64,
    /// The x coordinate of the right edge, in pixels.
    pub right: f64,
    /// The y coordinate of the upper edge, in pixels.
    pub top: f64,
    /// The y coordinate of the lower edge, in pixels.
    pub bottom: f64,
    /// The time at the left edge.
    pub start: Timestamp,
    /// The time at the right edge.
    pub end: Timestamp,
    /// The value at the lower edge.
    pub lowest: f64,
    /// The value at the upper edge.
    pub highest: f64,
}

impl Frame {
    /// Returns the x coordinate of `moment`, clamped to the edges.
    pub fn x(&self, moment: Timestamp) -> f64 {
        let share = micros(moment.since(self.start)) / micros(self.end.since(self.start)).max(1.0);
        self.left + share.min(1.0) * (self.right - self.left)
    }

    /// Returns the y coordinate of `value`, clamped to the edges.
    pub fn y(&self, value: f64) -> f64 {
        self.bottom
            - ((value - self.lowest) / (self.highest - self.lowest)).clamp(0.0, 1.0)
                * (self.bottom - self.top)
    }

    /// Returns the step that contains the x coordinate `x`, or `None` outside of the plot area.
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

    /// Returns the path of a line through `points`, interrupted where a value is absent.
    pub fn line(&self, points: &[(Timestamp, Option<f64>)]) -> String {
        let point = |&(moment, value): &(Timestamp, Option<f64>)| {
            Some(format!("{} {}", pixels(self.x(moment)), pixels(self.y(value?))))
        };
        let segments = points.split(|point| point.1.is_none()).filter(|segment| !segment.is_empty());
        segments
            .map(|segment| format!("M{}", segment.iter().filter_map(point).collect::<Vec<_>>().join("L")))
            .collect()
    }

    /// Returns the path of the area below the uninterrupted segments of that line.
    pub fn area(&self, points: &[(Timestamp, Option<f64>)]) -> String {
        let segments = points.split(|point| point.1.is_none()).filter(|segment| segment.len() > 1);
        segments
            .map(|segment| {
                let edge = |point: Option<&(Timestamp, Option<f64>)>| {
                    point.map_or(self.left, |point| self.x(point.0))
                };
                let (first, last) = (edge(segment.first()), edge(segment.last()));
                let [first, last, bottom] = [first, last, self.bottom].map(pixels);
                format!("{}L{last} {bottom}L{first} {bottom}Z", self.line(segment))
            })
            .collect()
    }
}

/// Formats a coordinate to a tenth of a pixel.
pub fn pixels(value: f64) -> String {
    format!("{value:.1}")
}

#[expect(clippy::cast_precision_loss, reason = "pixels need few digits")]
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
    fn time_increases_to_the_right_and_values_upwards() {
        assert_eq!(frame().x(at(50)), 60.0);
        assert_eq!(frame().x(at(500)), 110.0);
        assert_eq!(frame().y(25.0), 50.0);
        assert_eq!(Frame { lowest: -50.0, ..frame() }.y(0.0), 50.0);
    }

    #[test]
    fn an_absent_value_interrupts_the_line() {
        let points = [(at(0), Some(0.0)), (at(10), None), (at(20), Some(50.0)), (at(30), Some(50.0))];
        assert_eq!(frame().line(&points), "M10.0 100.0M30.0 0.0L40.0 0.0");
        assert_eq!(frame().area(&points), "M30.0 0.0L40.0 0.0L40.0 100.0L30.0 100.0Z");
    }

    #[test]
    fn a_pixel_belongs_to_the_step_that_contains_it() {
        let step = Duration::from_secs(25);
        assert_eq!(frame().step_at(10.0, at(0), step, 4), Some(0));
        assert_eq!(frame().step_at(109.0, at(0), step, 4), Some(3));
        assert_eq!(frame().step_at(500.0, at(0), step, 4), None);
    }
}
