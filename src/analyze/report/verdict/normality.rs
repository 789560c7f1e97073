//! At which width are the standard deviations most normal, and how sure is that?

use super::Said;
use super::curve::{Curve, counted, list};
use crate::analyze::by_size::Measure;
use crate::report::html::number;
use crate::report::{Cell, Report};

/// From the rows of `normality`, and of the same for subsamples of one size where there are any.
pub fn verdict(normality: &Report, subsampled: Option<&Report>) -> Said {
    let w = Curve::of(normality, Measure::share("w"));
    let Some(best) = w.best() else {
        return Said::nothing("No network has enough neurons that are not dead for a test of normality.");
    };
    let verdict = if w.points.len() == 1 {
        format!("Only one size, {}, has a W: {}.", best.size, best.words())
    } else {
        let like = w.like(best).map_or(0, |like| like.len());
        let unsure =
            if like > 0 { format!(", not clearly above {}", counted(like, "other size")) } else { String::new() };
        format!("W is largest at {} neurons: {}{unsure}.", best.size, best.words())
    };
    let mut sentences = Vec::new();
    if w.points.len() > 1 {
        sentences.push(match w.like(best) {
            None => "One replicate cannot say whether the largest W differs from those beside it: record with --replicates 3 or more.".into(),
            Some(like) if like.is_empty() => format!(
                "Every other size has a smaller W: the 95 % interval of the difference from {}, replicate by replicate, is clear of 0.",
                best.size
            ),
            Some(like) => format!(
                "Replicate by replicate, {} cannot be told apart from it: the 95 % interval of the difference holds 0 (no \
                 correction for the number of sizes compared).",
                list(&like)
            ),
        });
    }
    sentences.extend(rejections(normality, best.size));
    if let Some((_, last)) = w.ends().filter(|(_, last)| last.size != best.size) {
        sentences.push(format!("At the widest size, {}, W is {}.", last.size, last.words()));
    }
    let with_dead = Curve::of(normality, Measure::share("w_with_dead"));
    if let Some(found) = with_dead.best().filter(|found| found.size != best.size && w.points.len() > 1) {
        sentences.push(format!(
            "With the zeros of the dead neurons left in, as in the journal's first curve, W is largest at {}: {}.",
            found.size,
            found.words()
        ));
    }
    let subsampled = subsampled.map(|report| Curve::of(report, Measure::share("w_subsample")));
    if let Some(found) = subsampled.as_ref().and_then(Curve::best) {
        sentences.push(format!(
            "On random subsamples of as many neurons as the smallest network has, which compare widths fairly, W is largest at {}: {}.",
            found.size,
            found.words()
        ));
    }
    sentences.push("W falls with the number of neurons for one and the same shape that is not normal, so it does not compare widths strictly.".into());
    Said { verdict, sentences }
}

/// In how many networks of the most normal size a normal distribution is rejected.
fn rejections(report: &Report, size: i32) -> Option<String> {
    let (size_at, p_at) = report.position("size").zip(report.position("p"))?;
    let of_size = report.rows.iter().filter(|row| row[size_at] == Cell::from(size));
    let p: Vec<f64> = of_size.filter_map(|row| row[p_at].number()).collect();
    let smallest = p.iter().copied().reduce(f64::min)?;
    let largest = p.iter().copied().fold(0.0, f64::max);
    let rejected = p.iter().filter(|p| **p <= 0.05).count();
    let range = if p.len() == 1 {
        format!("p = {}", number(smallest))
    } else {
        format!("p from {} to {}", number(smallest), number(largest))
    };
    Some(format!(
        "Even there a normal distribution is rejected at the 5 % level in {rejected} of {} ({range}).",
        counted(p.len(), "network")
    ))
}

#[cfg(test)]
mod tests {
    use super::super::rows::report;
    use super::*;

    const COLUMNS: [&str; 3] = ["w", "p", "w_with_dead"];

    #[test]
    fn the_largest_w_is_named_with_what_cannot_be_told_apart() {
        let rows: [(i32, i32, &[f64]); 6] = [
            (64, 0, &[0.970, 0.2, 0.97]),
            (64, 1, &[0.982, 0.3, 0.97]),
            (256, 0, &[0.980, 0.04, 0.9]),
            (256, 1, &[0.984, 0.2, 0.9]),
            (2896, 0, &[0.700, 0.0, 0.4]),
            (2896, 1, &[0.704, 0.0, 0.4]),
        ];
        let said = verdict(&report("normality", &COLUMNS, &rows), None);
        assert!(
            said.verdict.starts_with("W is largest at 256 neurons: 0.9820 [0.9566, 1], not clearly above 1 other size"),
            "{}",
            said.verdict
        );
        assert!(
            said.sentences[0].starts_with("Replicate by replicate, 64 cannot be told apart"),
            "{}",
            said.sentences[0]
        );
        assert!(said.sentences[1].contains("rejected at the 5 % level in 1 of 2 networks (p from 0.04000 to 0.2000)"));
        assert!(said.sentences.iter().any(|text| text.contains("W is largest at 64")));
        let subsampled = report("normality", &["w_subsample"], &[(64, 0, &[0.9]), (256, 0, &[0.95])]);
        let said = verdict(&report("normality", &COLUMNS, &rows), Some(&subsampled));
        assert!(said.sentences.iter().any(|text| text.contains("compare widths fairly, W is largest at 256: 0.9500.")));
    }

    #[test]
    fn one_replicate_is_not_taken_for_certain() {
        let rows: [(i32, i32, &[f64]); 2] = [(64, 0, &[0.97, f64::NAN, 0.97]), (90, 0, &[0.98, f64::NAN, 0.98])];
        let said = verdict(&report("normality", &COLUMNS, &rows), None);
        assert_eq!(said.verdict, "W is largest at 90 neurons: 0.9800.");
        assert!(said.sentences[0].starts_with("One replicate cannot say"));
        assert!(!said.sentences.iter().any(|text| text.contains("rejected")), "there is no p");
        assert!(verdict(&report("normality", &COLUMNS, &[]), None).verdict.starts_with("No network"));
    }
}
