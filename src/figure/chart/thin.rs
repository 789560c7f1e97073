//! Leaves out points that no eye can tell from what remains, so that a file does not grow with the data.

/// A quarter of an SVG unit: a line is 1.8 wide.
const TOLERANCE: f64 = 0.25;
/// More dots than this lie over each other on a figure.
const MANY_DOTS: usize = 500;

/// The points of a line, in SVG units, that are needed to draw it within [`TOLERANCE`]; the ends stay.
///
/// # References
/// D. H. Douglas, T. K. Peucker (1973), Algorithms for the reduction of the number of points required to represent a
/// digitized line. doi:10.3138/FM57-6770-U75U-7727
pub fn line(points: &[(f64, f64)]) -> Vec<usize> {
    let mut kept = vec![false; points.len()];
    let mut open = vec![(0, points.len().saturating_sub(1))];
    while let Some((first, last)) = open.pop() {
        if first < points.len() {
            kept[first] = true;
            kept[last] = true;
        }
        let between = (first + 1)..last;
        let farthest = between
            .map(|at| (at, distance(points[at], points[first], points[last])))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((at, far)) = farthest
            && far > TOLERANCE
        {
            open.extend([(first, at), (at, last)]);
        }
    }
    (0..points.len()).filter(|&at| kept[at]).collect()
}

/// Of many dots one per square SVG unit, the first.
pub fn dots(points: &[(f64, f64)]) -> Vec<usize> {
    if points.len() <= MANY_DOTS {
        return (0..points.len()).collect();
    }
    let mut taken = std::collections::HashSet::new();
    (0..points.len()).filter(|&at| taken.insert((points[at].0.round() as i64, points[at].1.round() as i64))).collect()
}

/// Distance of a point from the stretch between two others.
fn distance(point: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 { ((point.0 - from.0) * dx + (point.1 - from.1) * dy) / length } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    (point.0 - from.0 - along * dx).hypot(point.1 - from.1 - along * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_corners_and_no_point_is_far_from_what_remains() {
        assert_eq!(line(&[]), Vec::<usize>::new());
        assert_eq!(line(&[(0.0, 0.0)]), [0]);
        assert_eq!(line(&[(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (2.0, 5.0), (2.0, 9.0)]), [0, 2, 4]);
        let wave: Vec<(f64, f64)> =
            (0..5000).map(|x| (f64::from(x) / 8.0, 100.0 * (f64::from(x) / 99.0).sin())).collect();
        let kept = line(&wave);
        assert!(kept.len() < 400, "{}", kept.len());
        for pair in kept.windows(2) {
            let far = (pair[0]..pair[1]).map(|at| distance(wave[at], wave[pair[0]], wave[pair[1]])).fold(0.0, f64::max);
            assert!(far <= TOLERANCE, "{far}");
        }
    }

    #[test]
    fn few_dots_all_stay_and_many_leave_one_per_place() {
        let few = vec![(1.0, 1.0); MANY_DOTS];
        assert_eq!(dots(&few).len(), MANY_DOTS);
        let many: Vec<(f64, f64)> = (0..10_000).map(|at| (f64::from(at % 100), f64::from(at % 7))).collect();
        assert_eq!(dots(&many).len(), 700);
    }
}
