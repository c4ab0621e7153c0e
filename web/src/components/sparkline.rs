//! A small line chart without axes.

use yew::prelude::*;

const WIDTH: i32 = 100;
const HEIGHT: i32 = 28;

/// Renders `values`, scaled from their minimum to their maximum. `None` is a gap without data.
pub fn sparkline(values: &[Option<f64>]) -> Html {
    let Some((line, area)) = paths(values) else {
        return html! { <span class="sparkline" /> };
    };
    html! {
        <svg class="sparkline" viewBox={format!("0 0 {WIDTH} {HEIGHT}")} preserveAspectRatio="none" aria-hidden="true">
            <path class="sparkline-area" d={area} />
            <path class="sparkline-line" d={line} />
        </svg>
    }
}

/// Returns the SVG paths of the line and of the area below it, or `None` for fewer than two values.
fn paths(values: &[Option<f64>]) -> Option<(String, String)> {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred steps")]
    let points: Vec<(f64, f64)> = values
        .iter()
        .enumerate()
        .filter_map(|(index, value)| value.map(|value| (index as f64, value)))
        .collect();
    let (first, last) = (points.first()?.0, points.last()?.0);
    if last <= first {
        return None;
    }
    let low = points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
    let (width, height) = (f64::from(WIDTH), f64::from(HEIGHT));
    let place = |(index, value): (f64, f64)| {
        let x = (index - first) / (last - first) * width;
        let y = if high > low {
            height - 2.0 - (value - low) / (high - low) * (height - 4.0)
        } else {
            height / 2.0
        };
        format!("{x:.1} {y:.1}")
    };
    let line = format!("M{}", points.into_iter().map(place).collect::<Vec<_>>().join("L"));
    let area = format!("{line}L{WIDTH} {HEIGHT}L0 {HEIGHT}Z");
    Some((line, area))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_the_line_to_the_minimum_and_maximum() {
        let (line, area) = paths(&[Some(1.0), None, Some(3.0)]).unwrap_or_default();
        assert_eq!(line, "M0.0 26.0L100.0 2.0");
        assert!(area.ends_with("L100 28L0 28Z"));
    }

    #[test]
    fn centers_a_flat_line_and_skips_a_single_value() {
        assert_eq!(
            paths(&[Some(5.0), Some(5.0)]).map(|paths| paths.0),
            Some("M0.0 14.0L100.0 14.0".to_owned())
        );
        assert_eq!(paths(&[None, Some(5.0)]), None);
    }
}
